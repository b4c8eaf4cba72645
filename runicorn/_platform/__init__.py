"""Differences between operating systems: machines, processes, folders, files, locks. Written and tested on Linux."""

from __future__ import annotations

from runicorn._platform.files import (
    NO_ROOM,
    fsync_directory,
    open_append,
    open_regular,
    overwrite_file,
    read_at,
    read_regular,
    replace_file,
)
from runicorn._platform.folders import config_home, data_home, home, is_network_filesystem
from runicorn._platform.identity import (
    MACOS,
    WINDOWS,
    boot_id,
    host_name,
    machine_id,
    sha256,
    system_name,
    user_name,
)
from runicorn._platform.locks import file_lock, lock
from runicorn._platform.process import (
    allow_open_files,
    own_start,
    pid_namespace,
    process_gone,
    process_start_time,
    watch_forks,
)

__all__ = [
    "MACOS",
    "NO_ROOM",
    "WINDOWS",
    "allow_open_files",
    "boot_id",
    "config_home",
    "data_home",
    "file_lock",
    "fsync_directory",
    "home",
    "host_name",
    "is_network_filesystem",
    "lock",
    "machine_id",
    "open_append",
    "open_regular",
    "overwrite_file",
    "own_start",
    "pid_namespace",
    "process_gone",
    "process_start_time",
    "read_at",
    "read_regular",
    "replace_file",
    "sha256",
    "system_name",
    "user_name",
    "watch_forks",
]
