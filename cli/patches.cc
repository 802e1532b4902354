#include "cli/patches.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "cli/terminal.h"
#include "dcache/context/boundary.h"
#include "dcache/context/git.h"
#include "dcache/text/edit.h"
#include "dcache/text/system_path.h"

namespace dcache::cli {
namespace {

namespace fs = std::filesystem;

// A name with characters that end it in a patch, as git writes it.
std::string in_quotes(const std::string& name) {
  const auto is_special = [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' '; };
  if (std::ranges::none_of(name, is_special)) return name;
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (is_special(c)) {
      quoted += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

// What all names are relative to.
fs::path common_folder(std::span<const FileChange> changes) {
  const fs::path here = text::system_path(context::resolved_path("."));
  const fs::path root = text::system_path(context::repository_root(here.generic_string()));
  const auto leads_out = [&](const FileChange& change) {
    const fs::path path = text::system_path(context::resolved_path(change.path));
    return change.path != "-" && !is_inside(path, here) && is_inside(path, root);
  };
  return !root.empty() && std::ranges::any_of(changes, leads_out) ? root : here;
}

std::string name_of(std::string_view prefix, const std::string& path, const fs::path& folder) {
  if (path == "-") return path;
  const fs::path real = text::system_path(context::resolved_path(path));
  if (!is_inside(real, folder)) return in_quotes(path);
  return in_quotes(fmt::format("{}{}", prefix, real.lexically_relative(folder).generic_string()));
}

}  // namespace

Patch make_patch(std::span<const FileChange> changes) {
  const fs::path folder = common_folder(changes);
  const bool here = folder == text::system_path(context::resolved_path("."));
  Patch patch{.text = {}, .folder = here ? std::string() : folder.generic_string()};
  for (const FileChange& change : changes) {
    patch.text += text::unified_diff(change.before.value_or(""), change.after,
                                     change.before ? name_of("a/", change.path, folder) : "/dev/null",
                                     name_of("b/", change.path, folder));
  }
  return patch;
}

std::string patch_with_note(std::span<const FileChange> changes) {
  Patch patch = make_patch(changes);
  if (!patch.folder.empty()) {
    complain(fmt::format(
        "note: the patch is for {0}, since it changes files above the current folder: git -C {0} apply",
        patch.folder));
  }
  return std::move(patch.text);
}

}  // namespace dcache::cli
