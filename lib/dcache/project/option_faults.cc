#include "dcache/project/option_faults.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dcache/dockerfile/mount.h"
#include "dcache/plan/values.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::project {
namespace {

constexpr std::array<std::string_view, 15> kUlimits = {
    "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
    "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};
constexpr std::array<std::string_view, 4> kAnnotated = {"manifest", "manifest-descriptor", "index",
                                                        "index-descriptor"};

// Takes the part before the separator, and the separator, from the text; all of it if there is none.
std::string_view take_part(std::string_view& text, char separator) {
  const size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

bool is_of_ci(std::string_view text) {
  return text.find("${{") != std::string_view::npos;
}

// What an annotation is put on: "index", "manifest[linux/amd64]".
std::string fault_of_annotated(std::string_view place) {
  std::string_view rest = place;
  const std::string_view type = take_part(rest, '[');
  if (!text::is_one_of(type, kAnnotated))
    return fmt::format("'{}' is not what an annotation is for: {}", place,
                       "manifest, manifest-descriptor, index or index-descriptor");
  if (type.size() == place.size()) return {};
  if (!rest.ends_with(']')) return fmt::format("the platform in '{}' has no closing bracket", place);
  rest.remove_suffix(1);
  return fault_of_platforms(rest);
}

}  // namespace

std::string fault_of_platforms(std::string_view platforms) {
  if (is_of_ci(platforms)) return {};
  while (true) {
    const bool last = platforms.find(',') == std::string_view::npos;
    const std::string_view platform = take_part(platforms, ',');
    if (!plan::is_platform(platform) && !text::equals_ignoring_case(platform, "local"))
      return fmt::format("\"{}\" is not a platform", platform);
    if (last) return {};
  }
}

std::string fault_of_ulimit(std::string_view limit) {
  std::string_view rest = limit;
  const std::string_view name = take_part(rest, '=');
  if (name.size() == limit.size()) return fmt::format("the limit '{}' has no value", limit);
  if (!text::is_one_of(name, kUlimits)) return fmt::format("there is no limit '{}'", name);
  const bool one = rest.find(':') == std::string_view::npos;
  const auto soft = plan::read_whole(take_part(rest, ':'));
  const auto hard = one ? soft : plan::read_whole(rest);
  if (!soft || !hard) return fmt::format("'{}' is not NAME=NUMBER or NAME=SOFT:HARD", limit);
  constexpr int64_t kUnlimited = -1;
  const bool is_more = *soft > *hard || (*soft == kUnlimited && *hard != kUnlimited);
  if (*hard != kUnlimited && is_more)
    return fmt::format("the soft limit of '{}' is more than the hard one", limit);
  return {};
}

std::string fault_of_annotation(std::string_view annotation) {
  if (annotation.empty() || is_of_ci(annotation)) return {};
  std::string_view rest = annotation;
  std::string_view key = take_part(rest, '=');
  if (key.size() == annotation.size()) return fmt::format("the annotation '{}' has no value", annotation);
  if (key.find(':') == std::string_view::npos) return {};
  std::string_view places = take_part(key, ':');
  while (true) {
    const bool last = places.find(',') == std::string_view::npos;
    std::string fault = fault_of_annotated(take_part(places, ','));
    if (!fault.empty() || last) return fault;
  }
}

std::string fault_of_size(std::string_view size) {
  if (is_of_ci(size) || dockerfile::read_size(size)) return {};
  return fmt::format("\"{}\" is not a size", size);
}

}  // namespace dcache::project
