"""Run notebooks' tests as on a machine with a GPU, on one without: `python tools/fake_gpu.py [--all] NOTEBOOK`

A tensor "on the GPU" is one on the CPU whose storage has a mark. Where it meets one without a mark, where PyTorch would refuse, so does this. What a GPU
computes is not looked at. With `--all` the GPU is also used where a notebook asks for the CPU: what fails then may be the test's own tensors."""
import json, linecache, os, sys, traceback, types, warnings
from pathlib import Path
import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

gpu,marks = torch.device('cuda:0'),{}

def marked(t):
    with torch._C.DisableTorchFunction(): return t.untyped_storage()._cdata in marks

def mark(out):
    with torch._C.DisableTorchFunction():
        for t in tree_leaves(out):
            if isinstance(t, Tensor): marks.setdefault((s := t.untyped_storage())._cdata, StorageWeakRef(s))   # as long as that is held, no other has its place
    return out

def on_gpu(device): return device is not None and (isinstance(device, int) or torch.device(device).type=='cuda')

between = {'copy_','set_','__get__','__set__','__reduce_ex__','_has_compatible_shallow_copy_type'}   # may meet tensors of both
packs = {'_pack_padded_sequence','_pad_packed_sequence'}   # have the lengths on the CPU, and give them second

def check(name, args, tensors):
    "Refuse what PyTorch refuses: a tensor of the CPU may only be a number, or an index"
    on,off = ([t for t in tensors if marked(t)==o] for o in (True,False))
    if not on or not off or name in between | packs | {'gru','lstm'}: return
    if name in ('__getitem__','__setitem__') and marked(args[0]): return
    if name=='__setitem__' and not any(isinstance(t, Tensor) and marked(t) for t in tree_leaves(args[1])): return   # a value is copied
    if any(t.dim() for t in off): raise RuntimeError(f"Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu! ({name}: of the CPU is {[tuple(t.shape) for t in off]})")

def moved(t, args, kwargs):
    "`t.to(*args, **kwargs)`"
    device,dtype,_,memory_format = torch._C._nn._parse_to(*(a for a in args if not isinstance(a, Tensor)), **{k:v for k,v in kwargs.items() if k!='copy'})
    for a in args:
        if isinstance(a, Tensor): device,dtype = gpu if marked(a) else torch.device('cpu'),a.dtype
    to_gpu = marked(t) if device is None else on_gpu(device)
    layout = {} if memory_format is None else {'memory_format':memory_format}
    out = Tensor.to(t, dtype or t.dtype, copy=kwargs.get('copy', False) or to_gpu != marked(t), **layout)
    return mark(out) if to_gpu else out

class FakeGPU(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        name,kwargs = getattr(func, '__name__', ''),dict(kwargs or {})
        t = args[0] if args and isinstance(args[0], Tensor) else None
        if name=='_parse_to': return func(*args, **kwargs)
        if t is not None:
            if func==Tensor.device.__get__: return gpu if marked(t) else func(t)
            if func==Tensor.is_cuda.__get__: return marked(t)
            if func==Tensor.grad.__get__: return mark(func(t)) if marked(t) else func(t)
            if name=='__deepcopy__': return mark(func(*args)) if marked(t) else func(*args)
            if func==Tensor.to: return moved(t, args[1:], kwargs)
            if func==Tensor.cuda: return moved(t, (gpu,), {})
            if func==Tensor.cpu: return moved(t, ('cpu',), {})
            if func==Tensor.pin_memory: return t
            if name in ('numpy','__array__') and marked(t): raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first")
        device = kwargs.get('device')
        if on_gpu(device): kwargs['device'] = 'cpu'
        tensors = [o for o in tree_leaves((args, kwargs)) if isinstance(o, Tensor)]
        check(name, args, tensors)
        out = func(*args, **kwargs)
        if name in between or name=='__setitem__': return out
        if name in packs: return (mark(out[0]) if marked(t) else out[0]),out[1]
        return mark(out) if on_gpu(device) or (device is None and any(map(marked, tensors))) else out

def install():
    "From here on there is a GPU, an old one without half precision, so that the CPU need not imitate that"
    cuda,load = torch.cuda,torch.load
    for name,f in dict(is_available=lambda: True, is_initialized=lambda: True, device_count=lambda: 1, current_device=lambda: 'cuda:0', get_device_capability=lambda *a: (6,1),
        is_bf16_supported=lambda *a, **k: True, get_rng_state_all=list).items(): setattr(cuda, name, f)
    for name in ('set_rng_state_all','manual_seed','manual_seed_all','synchronize','empty_cache','set_device'): setattr(cuda, name, lambda *a: None)
    torch.backends.cudnn.is_acceptable = lambda t: False
    torch.compile = lambda f, **kwargs: f   # a compiler asks the driver, as an optimizer does
    torch.optim.Optimizer._accelerator_graph_capture_health_check = lambda self: None
    def load_marked(f, map_location=None, **kwargs):
        out = load(f, map_location='cpu', **kwargs)
        return mark(out) if isinstance(map_location, (int,str,torch.device)) and on_gpu(map_location) else out
    torch.load = load_marked
    FakeGPU().__enter__()
    try: torch.ones(2, device='cuda') + torch.ones(2)
    except RuntimeError: return
    raise AssertionError("this GPU is too forgiving: it added a tensor of the CPU to one of its own")

def run(path, everywhere):
    "The number of cells that fail"
    main = sys.modules['__main__'] = types.ModuleType('__main__')
    main.display,failed = lambda *o: None,0
    os.chdir(path.parent)
    for i,cell in enumerate(json.loads(Path(path.name).read_text(encoding='utf-8'))['cells']):
        src,where = ''.join(cell['source']),f'{path.stem}, cell {i}'
        if cell['cell_type']!='code' or src.startswith(('#| slow','#| default_exp','!','%')): continue
        if everywhere: src = src.replace("device='cpu'", 'device=default_device()')
        linecache.cache[where] = len(src),None,src.splitlines(True),where   # so that a traceback shows it
        try: exec(compile(src, where, 'exec'), vars(main))
        except Exception as e:
            failed += 1
            frames = [f for f in traceback.extract_tb(e.__traceback__) if f.filename != __file__]
            print(f'\n{where}: {type(e).__name__}: {e}\n' + ''.join(traceback.format_list(frames[-4:])), flush=True)
    return failed

if __name__=='__main__':
    warnings.simplefilter('always')   # so that a test can record them
    warnings.showwarning = lambda *args, **kwargs: None
    *options,path = sys.argv[1:]
    install()
    failed = run(Path(path), '--all' in options)
    print(f'{path}: {failed} cells failed')
    sys.exit(bool(failed))
