"""Writing a trace file: safetensors whose names are attn's hook names.

The safetensors package writes metadata in an order that changes from run to
run. A golden has to be the same bytes every time, so the header is written
here, and the package reads it back as a check.
"""

import hashlib
import json
import os
import struct

import numpy as np
from safetensors.numpy import load


def sha256(path):
    """Returns a file's SHA-256 in hexadecimal."""
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def write(path, steps, metadata):
    """Writes steps, a dict from hook name to float32 tensor, in its order.

    Metadata is a dict from string to anything: what is not a string is written
    as JSON.
    """
    header = {"__metadata__": {key: _text(metadata[key]) for key in sorted(metadata)}}
    arrays = {name: np.ascontiguousarray(value.numpy(), dtype="<f4") for name, value in steps.items()}
    at = 0
    for name in sorted(arrays):
        array = arrays[name]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    data = struct.pack("<Q", len(encoded)) + encoded + b"".join(arrays[name].tobytes() for name in sorted(arrays))
    _check(data, arrays)
    partial = path + ".partial"
    with open(partial, "wb") as f:
        f.write(data)
    os.replace(partial, path)


def _text(value):
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _check(data, arrays):
    """Lets the reference implementation read what was written by hand."""
    back = load(data)
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        assert back[name].dtype == np.float32 and np.array_equal(back[name], array), name
        assert not np.isnan(array).any(), name
        assert name.endswith("attn.hook_attn_scores") or np.isfinite(array).all(), name
