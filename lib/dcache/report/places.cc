#include "dcache/report/places.h"

#include <fmt/format.h>

#include "dcache/text/path.h"

namespace dcache::report {

std::string Folders::absolute(const std::string& path) const {
  return text::clean_path(text::is_absolute(path) ? path : current + "/" + path);
}

std::optional<std::string> Folders::in_repository(const std::string& path) const {
  const std::string whole = absolute(path);
  if (!text::is_within(whole, root) || whole == root) return std::nullopt;
  return whole.substr(root.size() + (text::is_root(root) ? 0 : 1));
}

std::string Folders::shown(const std::string& path) const {
  return in_repository(path).value_or(path);
}

std::string Fingerprints::next(const text::Document& file, const lint::Diagnostic& diagnostic) {
  context::Hasher hasher;
  hasher.add(diagnostic.rule).add(diagnostic.span.of(file.source()));
  const context::Hash hash = hasher.finish();
  return fmt::format("{}:{}", context::to_hex(hash), ++seen_[hash]);
}

}  // namespace dcache::report
