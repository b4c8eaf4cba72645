"""Start-up of Python processes below `runicorn run`: install the shims, then run the environment's own `sitecustomize`."""

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from os.path import abspath, dirname

try:
    from runicorn.compat.finder import install
except ImportError:  # another environment, without Runicorn
    pass
else:
    install()

_HERE = dirname(abspath(__file__))
_SPEC = PathFinder.find_spec("sitecustomize", [path for path in sys.path if abspath(path) != _HERE])
if _SPEC is not None and _SPEC.loader is not None:
    sys.modules["sitecustomize"] = module_from_spec(_SPEC)
    _SPEC.loader.exec_module(sys.modules["sitecustomize"])
