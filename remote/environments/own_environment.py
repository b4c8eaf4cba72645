"""Print the virtual environment to create where pip refuses to install into this Python (PEP 668).

Runs as `<python> -` on remote hosts.
"""

import os
import sys
import sysconfig

if __name__ == "__main__":
    marker = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    if sys.prefix == sys.base_prefix and os.path.isfile(marker):
        print("\nrunicorn-venv:" + os.path.expanduser("~/.virtualenvs/runicorn"))
