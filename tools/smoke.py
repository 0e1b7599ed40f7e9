"""The public names at work where only the wheel is installed, in two steps:
`fit FOLDER` distils, reports and exports; `load FOLDER`, with kd_fastai uninstalled, predicts from what was exported."""
import json, subprocess, sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from fastai.vision.all import *

defaults.callbacks = [o for o in defaults.callbacks if o is not ProgressCallback]  # Plain lines, for a log
step,out = sys.argv[1],Path(sys.argv[2]).resolve()
files = [out/'digits'/str(c)/f'{i}.png' for c in range(10) for i in range(30)]
def answers(learn): return [learn.predict(o)[2].tolist() for o in files[::50]]

assert find_spec('nbdev') is None, 'nbdev is installed: this environment shows nothing'
assert tuple(map(int, version('fastai').split('.')[:3])) >= (2,8,12), version('fastai')

if step=='fit':
    import kd_fastai
    from kd_fastai.all import *
    from sklearn.datasets import load_digits
    assert 'site-packages' in kd_fastai.__file__ and kd_fastai.__version__==version('kd_fastai')
    for name in 'KDCallback FrozenTeacher KDReport soft_target soft_cross_entropy logit_mse sigmoid_kd regression_kd'.split():
        assert name in globals(), f'kd_fastai.all lacks {name}'

    digits = load_digits()
    for o in files:
        o.parent.mkdir(parents=True, exist_ok=True)
        pixels = digits.images[digits.target==int(o.parent.name)][int(o.stem)]
        Image.fromarray((pixels*255/16).astype('uint8')).resize((16,16)).save(o)
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
    (out/'answers.json').write_text(json.dumps(answers(learn)))
    subprocess.run([Path(sys.executable).parent/'kd_distill', '--help'], check=True, stdout=subprocess.DEVNULL)
    print(f'Distilled with fastai {version("fastai")}, fastcore {version("fastcore")}, torch {version("torch")}')
else:
    assert find_spec('kd_fastai') is None, 'kd_fastai is still installed'
    learn = load_learner(out/'student.pkl')
    test_close(tensor(answers(learn)), tensor(json.loads((out/'answers.json').read_text())), eps=1e-5)
    print(f'The exported student answers as before, without kd_fastai ({(out/"student.pkl").stat().st_size:,} bytes)')
