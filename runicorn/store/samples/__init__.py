"""Samples of a run: rollouts, completions and evaluated examples, below `samples/` of its folder.

`samples/<set>/` has the samples of one name; characters that file systems reserve are percent-encoded. It consists of
chunks that are numbered in the order of their creation, each written by a single process:

- `00000.jsonl`: one line a sample, `{"ts": <Unix seconds>, "step": <integer or null>, "data": {...}, "crc": <checksum>}`,
  the checksum as in the journal. NaN and infinities are bare literals; lone surrogates are escaped.
- `00000.index.jsonl`: one line a write, `{"offset", "size", "rows", "step"}` in bytes of the uncompressed chunk. It is
  written after its samples, so it never promises a line that is missing; lines that it lacks are read nevertheless.
- `00000.jsonl.gz`: the chunk once it is sealed, in place of `00000.jsonl`. Its gzip members hold about 64 KiB of whole
  lines, and each header names the sizes of its member, so that a line is read without those before it (`sealing`).

A process that is killed during a write leaves an incomplete last line, which readers report.
"""
