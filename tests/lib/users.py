"""A plain user for tests that root would pass, or fail, for the wrong reason (permissions, limits, initdb)."""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile

NAME = "entrepot-test"


def plain_user():
    """The passwd entry of a user that is not root: whoever runs the tests, or, as root, a user created for them."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    # Two suites run at once and may both be the first to ask.
    with open(os.path.join(tempfile.gettempdir(), f".{NAME}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return pwd.getpwnam(NAME)
        except KeyError:
            subprocess.run(
                ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", NAME],
                check=True,
            )
            return pwd.getpwnam(NAME)


def run_as_plain_user(command, **options):
    """subprocess.run() as plain_user(), with HOME and TMPDIR in a folder of its own that is removed afterwards.

    The files that `command` touches must be within its reach: see own().
    """
    user = plain_user()
    home = tempfile.mkdtemp(prefix="entrepot-home-")
    os.chown(home, user.pw_uid, user.pw_gid)
    env = dict(options.pop("env", None) or os.environ, HOME=home, TMPDIR=home, USER=user.pw_name, LOGNAME=user.pw_name)
    if os.geteuid() == 0:
        options.update(user=user.pw_uid, group=user.pw_gid, extra_groups=[])
    try:
        return subprocess.run(command, env=env, **options)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def own(path):
    """Gives the tree at `path` to plain_user() and opens the way to it: pytest makes its folders for root only."""
    user = plain_user()
    if os.geteuid() != 0:
        return
    for folder, folders, files in os.walk(path):
        os.chown(folder, user.pw_uid, user.pw_gid)
        for name in folders + files:
            os.lchown(os.path.join(folder, name), user.pw_uid, user.pw_gid)
    top = os.path.realpath(tempfile.gettempdir())
    parent = os.path.dirname(os.path.realpath(path))
    while parent.startswith(top + os.sep):
        os.chmod(parent, os.stat(parent).st_mode | 0o011)
        parent = os.path.dirname(parent)
