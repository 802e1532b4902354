#include "cli/patches.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

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

}  // namespace

std::string diff_name(std::string_view prefix, const std::string& path) {
  if (path == "-") return path;
  std::error_code failure;
  const fs::path folder = fs::canonical(fs::current_path(), failure);
  const fs::path real = fs::weakly_canonical(fs::absolute(path), failure);
  const fs::path relative =
      (failure ? fs::absolute(path).lexically_normal() : real).lexically_relative(folder);
  const bool inside = !relative.empty() && *relative.begin() != "..";
  return in_quotes(inside ? fmt::format("{}{}", prefix, relative.generic_string()) : path);
}

}  // namespace dcache::cli
