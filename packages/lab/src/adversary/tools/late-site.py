"""
A server at the internet's end that is slow to read, or loses the first data of each connection: late-site.py ADDRESS PORT [loses].
What its sender changes meanwhile is what it gets. Says what came.
"""
import re, socket, subprocess, sys, time

address, port = sys.argv[1], int(sys.argv[2])
loses = sys.argv[3:] == ['loses']
table = f'inet late{port}'


def nft(rules):
    return subprocess.run(['nft', rules], check=True, capture_output=True, text=True).stdout


def lose():
    """Whatever has data is dropped, from now on."""
    nft(f'add table {table}; add chain {table} in {{ type filter hook input priority 0; }};'
        f'add rule {table} in tcp dport {port} meta length > 100 counter drop')


def lost():
    return int(re.search(r'counter packets (\d+)', nft(f'list table {table}')).group(1))


server = socket.create_server((address, port))
if loses:
    lose()
print('ready', file=sys.stderr, flush=True)
while True:
    peer, _ = server.accept()
    peer.settimeout(6)
    if loses:
        end = time.monotonic() + 6
        while not lost() and time.monotonic() < end:
            time.sleep(0.02)
        # What was lost is sent again from a few ms on: its sender has changed it by then, also on a busy machine.
        time.sleep(1)
        nft(f'delete table {table}')
    else:
        time.sleep(0.5)
    try:
        while data := peer.recv(65536):
            print(f'late site, port {port}:', data, flush=True)
            peer.sendall(b'late')
    except OSError:
        pass
    peer.close()
    if loses:
        lose()
