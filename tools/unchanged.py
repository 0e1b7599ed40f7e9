"Run commands, and fail if they changed a file that git has or would add. Works in a tree with changes as well."
import hashlib, subprocess, sys
from pathlib import Path

def tree():
    "The digest of each file"
    names = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', '-z'], capture_output=True, text=True, check=True).stdout
    files = (Path(o) for o in names.split('\0') if o)
    return {str(o): hashlib.sha256(o.read_bytes()).hexdigest() for o in files if o.is_file()}

before = tree()
for cmd in sys.argv[1:]: subprocess.run(cmd, shell=True, check=True)
after = tree()
changed = sorted(o for o in before.keys() | after.keys() if before.get(o) != after.get(o))
if changed: sys.exit('Changed, so what was there was not exported and cleaned:\n  ' + '\n  '.join(changed))
