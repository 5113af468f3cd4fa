"""Whole processes, measured in turns: time, processor seconds, peak memory."""

import os
import statistics
import sys
import time
from dataclasses import dataclass, field


class Failed(RuntimeError):
    """A program that was measured ended with an error."""


@dataclass
class Contender:
    """One side of a comparison. `prepare` runs before every run and is not measured; `check` runs once, after the last one."""

    name: str
    command: list
    prepare: object = None
    check: object = None
    n_rows: int = 0  # what a rate is computed from
    seconds: list = field(default_factory=list)
    cpu: list = field(default_factory=list)
    peak: list = field(default_factory=list)
    output: str = ""

    def figures(self):
        made = {"name": self.name, "seconds": spread(self.seconds), "cpu": spread(self.cpu), "peak_mb": round(max(self.peak), 1)}
        if self.n_rows:
            made["rows"] = self.n_rows
        return made


def spread(values):
    """Median, least, greatest."""
    return [round(f(values), 4) for f in (statistics.median, min, max)]


def run_once(command, log):
    """Returns seconds, processor seconds (user and system, all threads) and peak memory in MB of one process.

    The kernel counts this process's own memory at the moment of the start as the child's, so it stays small: what needs memory runs elsewhere.
    """
    with open(log, "w+b") as out:
        started = time.monotonic()
        pid = os.posix_spawn(command[0], [str(word) for word in command], dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC"),
                             file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, out.fileno(), 2)])
        _, status, usage = os.wait4(pid, 0)
        seconds = time.monotonic() - started
        out.seek(0)
        output = out.read().decode(errors="replace")
    if status != 0:
        raise Failed(f"{' '.join(map(str, command))}: exit {os.waitstatus_to_exitcode(status)}\n{output}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, output


def take_turns(contenders, runs, log, say=None):
    """Runs A B A B ..., so that what else the machine does meets all alike."""
    for turn in range(runs):
        for one in contenders:
            if one.prepare:
                one.prepare()
            # What the run before left to write must not be written during this one.
            os.sync()
            seconds, cpu, peak, one.output = run_once(one.command, log)
            one.seconds.append(seconds)
            one.cpu.append(cpu)
            one.peak.append(peak)
            if say:
                say(f"  {one.name}, run {turn + 1} of {runs}: {seconds:.2f} s, {cpu:.2f} s of processor, {peak:.0f} MB")
            if one.check and turn == runs - 1:
                one.check()


def times_as_long(one, other, what="seconds"):
    """Of medians in the same run: above 1 when `one` takes longer than `other`."""
    return statistics.median(getattr(one, what)) / statistics.median(getattr(other, what))


def times_as_fast(one, other, what="seconds"):
    """The other way round: above 1 when `one` is faster than `other`."""
    return times_as_long(other, one, what)


def warm(path):
    """Reads a file once, so that no run is the first one to."""
    with open(path, "rb") as f:
        while f.read(1 << 22):
            pass


def say(text):
    print(text, file=sys.stderr, flush=True)
