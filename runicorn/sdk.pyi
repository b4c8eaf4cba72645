"""For type checkers, which do not know the search path of the package: `legacy/sdk.py`."""

from runicorn.tracking.init import get_active_run as get_active_run
from runicorn.tracking.init import init as init
from runicorn.tracking.run import Run as Run
