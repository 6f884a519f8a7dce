"""Judges CBOR by `countersign.cddl` with `zcbor`, which is none of ours.

Reads lines of a type's name and an item in hexadecimal digits; writes for each `taken`, or `refused`.
"""

import contextlib
import io
import pathlib
import sys

import zcbor

cddl = pathlib.Path(__file__).parents[2] / "countersign.cddl"
types = zcbor.DataTranslator.from_cddl(cddl.read_text(), 16).my_types
for line in sys.stdin:
    name, digits = line.split()
    # It says on stderr at length why nothing of a choice fits.
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try:
            types[name].validate_str(bytes.fromhex(digits))
            verdict = "taken"
        except Exception:
            verdict = "refused"
    print(verdict)
