"""Run the notebooks as tests, each in a process of its own, two at a time, and say how long each took. `--quick`: only what a change can have touched, that is the
notebooks that differ from HEAD (or from `--base REV`) and those that import their modules. Notebooks as arguments: these. Ends in `notebooks: N passed, M failed`."""
import argparse, gc, os, re, subprocess, sys, tempfile, time
from pathlib import Path

limit = 40   # Seconds of CPU time that a page may take
fails = 1.5*limit   # A slower machine is no mistake
nbs = Path('nbs')

def preload():
    "Import what nearly every notebook needs, once for all: the processes of the notebooks are forks of this one"
    os.environ['OMP_NUM_THREADS'] = '1'   # a process that has started threads cannot be forked safely
    import fastai.text.all, fastai.vision.all, nbdev.test, sklearn.datasets
    gc.freeze()

def start(name):
    "Run a notebook in a new process: its id, and the file with what it prints"
    from nbdev.config import get_config
    from nbdev.test import test_nb
    out = tempfile.TemporaryFile('w+', errors='replace')
    if pid := os.fork(): return pid,out
    for o in (1, 2): os.dup2(out.fileno(), o)
    config = get_config()
    ok,_ = test_nb(Path(name).absolute(), skip_flags=config.tst_flags.split(), basepath=config.config_path)
    sys.exit(not ok)

def results(names, n=2):
    "Run the notebooks, `n` at a time. Of each, as it ends: name, whether it passed, its seconds of CPU time, what it printed"
    preload()
    names,running = list(reversed(names)),{}
    while names or running:
        while names and len(running) < n:
            name = names.pop()
            pid,out = start(name)
            running[pid] = name,out
        pid,status,used = os.wait4(-1, 0)
        name,out = running.pop(pid)
        with out:
            out.seek(0)
            yield name, status==0, used.ru_utime+used.ru_stime, out.read()

def module_of(name):
    "The module that a notebook exports to, or None"
    m = re.search(r'#\| *default_exp ([\w.]+)', Path(name).read_text(encoding='utf-8'))
    return m and m[1]

def imports_of(name):
    "The modules that a notebook names, in exported cells and in tests"
    return set(re.findall(r'kd_fastai\.([\w.]+\w)', Path(name).read_text(encoding='utf-8')))

def touched(names, base):
    "Those of `names` that a change since `base` can have touched"
    diff = subprocess.run(['git', 'diff', '--name-only', base], capture_output=True, text=True, check=True).stdout.split()
    new = subprocess.run(['git', 'ls-files', '-o', '--exclude-standard'], capture_output=True, text=True, check=True).stdout.split()
    changed = {o for o in diff+new if o in names}
    modules = {o: module_of(o) for o in names}
    imports = {o: imports_of(o) for o in names}
    while True:   # until nothing is added
        known = {modules[o] for o in changed} - {None}
        if known: known.add('all')
        more = {o for o in names if imports[o] & known} - changed
        if not more: return [o for o in names if o in changed]
        changed |= more

def main():
    p = argparse.ArgumentParser()
    p.add_argument('names', nargs='*')
    p.add_argument('--quick', action='store_true')
    p.add_argument('--base', default='HEAD')
    args = p.parse_args()
    names = args.names or sorted(map(str, (o for o in nbs.rglob('*.ipynb') if not any(p[0] in '._' for p in o.relative_to(nbs).parts))))
    if args.quick: names = touched(names, args.base)
    began,n_failed,cpu = time.time(),0,0
    for name,ok,secs,text in results(names):
        if ok and secs > fails: ok,text = False,f'{name} takes more than {fails:.0f} s'
        print(f"{'passed' if ok else 'FAILED'} {secs:5.0f} s  {name}{f'   over {limit} s' if secs > limit else ''}", flush=True)
        if not ok: print(text, flush=True)
        n_failed += not ok
        cpu += secs
    print(f'{time.time()-began:.0f} s in all, {cpu:.0f} s of CPU time\nnotebooks: {len(names)-n_failed} passed, {n_failed} failed')
    sys.exit(bool(n_failed))

if __name__=='__main__': main()
