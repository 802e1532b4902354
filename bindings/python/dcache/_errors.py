"""What calls fail with."""


class Error(Exception):
    """A call failed. The text says what is wrong and what to do about it: ``/app/Dockerfile:3:1: …``, one problem on each line."""


class Cancelled(Error):
    """The call was ended by :meth:`dcache.Workspace.cancel` or :meth:`dcache.Workspace.close`."""


class LibraryError(Error, ImportError):
    """The library ``libdcache_c`` is not installed, can't be loaded, or has a version that this package can't use."""
