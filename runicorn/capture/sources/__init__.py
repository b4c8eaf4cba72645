"""Sources of runs: the files of a program as they were when a run began.

`<run>/sources.json` names the packs that contain them, `<run>/sources/<sha256>.zip`. A pack is also a content of the
artifact pool of the storage root, to which those of all runs are hard links: an unchanged program costs a run no further
bytes, a changed one those of a pack with the changed files. A copied folder of a run is complete.
"""
