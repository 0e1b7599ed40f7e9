"Everything public: `from kd_fastai.all import *`"
from .losses import *
from .features import *
from .teacher import *
from .targets import *
from .callback import *
from .report import *
from .data import *
from .models import *
from .text import *
from .transfer import *
