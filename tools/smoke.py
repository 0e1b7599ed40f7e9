"""The public names and the command at work where only the wheel is installed, in two steps:
`fit FOLDER` distils, reports and exports; `load FOLDER`, with kd_fastai uninstalled, predicts from what was exported."""
import json, subprocess, sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from fastai.text.all import *
from fastai.vision.all import *

defaults.callbacks = [o for o in defaults.callbacks if o is not ProgressCallback]  # Plain lines, for a log
step,out = sys.argv[1],Path(sys.argv[2]).resolve()
files = [out/'digits'/str(c)/f'{i}.png' for c in range(10) for i in range(30)]
asked = ['the film moved me to tears', 'a bag of nails']
exported = {'student.pkl': files[::50], 'images/student.pkl': files[::50], 'text/student.pkl': asked}  # And what to ask each

def answers(file):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # that a pickle runs code
        learn = load_learner(out/file)
    with learn.no_bar(): return [learn.predict(o)[2].tolist() for o in exported[file]]

def kd_distill(*argv):
    "The command as a user runs it"
    return subprocess.run([Path(sys.executable).parent/'kd_distill', *map(str, argv)], check=True, text=True, stdout=subprocess.PIPE).stdout

def images():
    from sklearn.datasets import load_digits
    digits = load_digits()
    for o in files:
        o.parent.mkdir(parents=True, exist_ok=True)
        pixels = digits.images[digits.target==int(o.parent.name)][int(o.stem)]
        Image.fromarray((pixels*255/16).astype('uint8')).resize((16,16)).save(o)

def texts():
    what,how = ['the plot','a scene','this role','the music','one song','that ending'],['shines','moves','drags','bores']
    rows = [(f'{a} {b} {c}', 'good' if i<2 else 'bad') for a in what for i,b in enumerate(how) for c in ('here','again')]
    pd.DataFrame(rows, columns=['text','label']).to_csv(out/'texts.csv', index=False)

assert find_spec('nbdev') is None, 'nbdev is installed: this environment shows nothing'
assert tuple(map(int, version('fastai').split('.')[:3])) >= (2,8,12), version('fastai')

if step=='fit':
    import kd_fastai
    from kd_fastai.all import *
    assert 'site-packages' in kd_fastai.__file__ and kd_fastai.__version__==version('kd_fastai')
    for name in 'KDCallback FrozenTeacher KDReport soft_target soft_cross_entropy logit_mse sigmoid_kd regression_kd'.split():
        assert name in globals(), f'kd_fastai.all lacks {name}'

    images(); texts()
    dls = ImageDataLoaders.from_folder(out/'digits', valid_pct=.2, seed=0, bs=32, num_workers=0)
    teacher = Learner(dls, SimpleCNN([3,32,64,10]), metrics=accuracy)
    teacher.fit_one_cycle(3, 1e-2)
    learn = Learner(dls, SimpleCNN([3,8,10]), metrics=accuracy)
    learn.fit(1, cbs=KDCallback(teacher))
    learn.distill(teacher, 2, lr_max=1e-2)
    table = KDReport(learn, teacher).table()
    assert len(table), table
    print(table)
    learn.export(out/'student.pkl')

    assert kd_distill('--version').split()==['kd_fastai',kd_fastai.__version__]
    short = '--seeds 1 --bs 16 --epochs 1'.split()
    print(kd_distill('images', out/'digits', *short, '--teacher', 'resnet8', '--teacher-epochs', 8, '--width', 4, '--out', out/'images'))
    print(kd_distill('text', out/'texts.csv', *short, '--teacher-epochs', 3, '--copies', 0, '--max-len', 12, '--out', out/'text'))
    again = kd_distill('resume', out/'images')  # A finished run tells its results
    assert again.strip() and again.strip() in (out/'images/report.txt').read_text(), again
    print(kd_distill('predict', out/'images', files[0]))
    (out/'answers.json').write_text(json.dumps({k: answers(k) for k in exported}))
    print(f'Distilled with fastai {version("fastai")}, fastcore {version("fastcore")}, torch {version("torch")}')
else:
    assert find_spec('kd_fastai') is None, 'kd_fastai is still installed'
    before = json.loads((out/'answers.json').read_text())
    for k in exported: test_close(tensor(answers(k)), tensor(before[k]), eps=1e-5)
    sizes = ', '.join(f'{k}: {(out/k).stat().st_size:,} bytes' for k in exported)
    print(f'The exported students answer as before, without kd_fastai ({sizes})')
