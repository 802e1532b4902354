// Patches of files, and the names in them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dcache::cli {

struct FileChange {
  std::string path;
  std::optional<std::string> before;  // nothing for a new file
  std::string after;
};

struct Patch {
  std::string text;
  // Where `git apply` and `patch -p1` find the files, if that is not the working directory: a patch can't
  // name files outside of the folder that it is applied in.
  std::string folder = {};
};

// Files are named relative to the working directory, after a/ or b/; to the root of its repository if one of
// them is in the repository and outside of the working directory. Of a link the file that it leads to is
// named: to git the link is a file of its own.
Patch make_patch(std::span<const FileChange> changes);
// The text of it, with a note on standard error if it is not for the working directory.
std::string patch_with_note(std::span<const FileChange> changes);

}  // namespace dcache::cli
