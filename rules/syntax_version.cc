#include "rules/syntax_version.h"

#include <re2/re2.h>

#include "dcache/text/piece.h"

namespace dcache::rules {

bool has_syntax_below(const dockerfile::File& file, int minor) {
  const auto syntax = file.directive("syntax");
  if (!syntax) return false;
  const re2::StringPiece text = text::piece(*syntax);
  static const RE2 kVersion(R"((?:^|/)docker/dockerfile(?:-upstream)?:1\.(\d+))");
  static const RE2 kExperimental(R"((?:^|/)docker/dockerfile:experimental\b)");
  constexpr int kLastExperimental = 2;  // the tag was given up then
  if (RE2::PartialMatch(text, kExperimental)) return kLastExperimental < minor;
  int version = 0;
  return RE2::PartialMatch(text, kVersion, &version) && version < minor;
}

}  // namespace dcache::rules
