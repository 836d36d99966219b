"""All that is tested of locks on back ends of every kind: litmus, then two users and one lock.

`python3 tests/real/locks.py --back-end nginx --mode emulate --store file` runs one combination; without options, all of
lock_litmus.py and lockers.py, and lock_zope.py.
"""

import sys

import lock_lab
import lock_litmus
import lock_zope
import lockers
import report

OFF = [(back_end, "off", "memory") for back_end in ("apache-users", *lock_litmus.DIRECT, "radicale")]


def run(check):
    litmus = lock_lab.chosen(__doc__, lock_litmus.COMBINATIONS)
    lock_litmus.run(check, [names for names in litmus if names[0] in lock_litmus.DIRECT])
    lockers.run(check, lock_lab.chosen(__doc__, lockers.COMBINATIONS + OFF))
    if not sys.argv[1:]:
        lock_zope.run(check)


if __name__ == "__main__":
    report.main("locks", run)
