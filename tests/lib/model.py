"""An independent model of history: what decisions.md says, in plain Python, for tests to compare the warehouse with.

A change is a dict: at (text of a UTC moment, comparable), seq, deleted, values (attributes sent; absent ones are not in it).
"""

from wh import BEGINNING, END


def ordered(changes):
    """Each different change once, by (event time, sequence). Tests that compare values avoid ties that only content decides."""
    once = {}
    for change in changes:
        once[(change["at"], change["seq"], change["deleted"], tuple(sorted(change["values"].items(), key=str)))] = change
    return [once[key] for key in sorted(once, key=lambda key: key[:2])]


def states(changes, types):
    """The state after each change: absent carries forward, type 0 keeps the first value ever sent."""
    now, result = dict.fromkeys(types), []
    first = {}
    for change in ordered(changes):
        for name, value in change["values"].items():
            if types[name] == 0:
                first.setdefault(name, value)
            now[name] = first[name] if types[name] == 0 else value
        result.append({"at": change["at"], "seq": change["seq"], "deleted": change["deleted"], **now})
    return result


def versions(changes, types):
    """Rows of a dimension's key: attributes, previous_<type 3>, valid_from, valid_to, is_current, is_deleted."""
    every = states(changes, types)
    seen = [one for one, after in zip(every, every[1:] + [None]) if after is None or after["at"] != one["at"]]
    last, rows = seen[-1], []
    for one in seen:
        begins = not rows or one["deleted"] != rows[-1]["is_deleted"] or any(
            one[name] != before[name] for name, type_ in types.items() if type_ == 2)
        before = one
        if not begins:
            continue
        if rows:
            rows[-1].update(valid_to=one["at"], is_current=False)
        row = {name: one[name] if type_ == 2 else last[name] for name, type_ in types.items()}
        for name in [name for name, type_ in types.items() if type_ == 3]:
            earlier = [s[name] for s in seen if s[name] != last[name]]
            row[f"previous_{name}"] = earlier[-1] if earlier else None
        rows.append({**row, "valid_from": one["at"] if rows else BEGINNING, "valid_to": END, "is_current": True,
                     "is_deleted": one["deleted"], "is_inferred": False})
    return rows


def inferred(types):
    """The one row of a key that others name and nobody has described."""
    row = dict.fromkeys(types)
    row.update({f"previous_{name}": None for name, type_ in types.items() if type_ == 3})
    return [{**row, "valid_from": BEGINNING, "valid_to": END, "is_current": True, "is_deleted": False, "is_inferred": True}]


def last_state(changes, types):
    """The one row of a reference or accumulating key."""
    return states(changes, types)[-1]


def version_at(rows, moment):
    """valid_from of the version that holds at a moment."""
    (found,) = [row["valid_from"] for row in rows if row["valid_from"] <= moment < row["valid_to"]]
    return found
