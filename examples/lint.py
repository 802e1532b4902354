"""The C interface from Python: python3 lint.py LIBRARY DOCKERFILE prints the findings in a file."""
import ctypes
import json
import os
import sys

library = ctypes.CDLL(sys.argv[1])
library.dcache_workspace_new.restype = ctypes.c_void_p
library.dcache_workspace_lint.restype = ctypes.c_void_p  # to be freed, so no c_char_p
library.dcache_workspace_lint.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p)]
library.dcache_workspace_free.argtypes = [ctypes.c_void_p]
library.dcache_string_free.argtypes = [ctypes.c_void_p]

error = ctypes.c_char_p()
workspace = library.dcache_workspace_new(None, ctypes.byref(error))
found = library.dcache_workspace_lint(workspace, os.path.abspath(sys.argv[2]).encode(), ctypes.byref(error))
if not found:
    sys.exit(error.value.decode())
for finding in json.loads(ctypes.string_at(found))["findings"]:
    print(f"line {finding['line']}: {finding['message']} [{finding['rule']}]")
library.dcache_string_free(found)
library.dcache_workspace_free(workspace)
