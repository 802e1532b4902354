#include "dcache/dockerfile/flags.h"

namespace dcache::dockerfile {
namespace {

constexpr KnownFlag kAddFlags[] = {{"chown", FlagKind::kText},    {"chmod", FlagKind::kText},
                                   {"link", FlagKind::kSwitch},   {"keep-git-dir", FlagKind::kSwitch},
                                   {"checksum", FlagKind::kText}, {"exclude", FlagKind::kList},
                                   {"unpack", FlagKind::kSwitch}};
constexpr KnownFlag kCopyFlags[] = {{"chown", FlagKind::kText},   {"from", FlagKind::kText},
                                    {"chmod", FlagKind::kText},   {"link", FlagKind::kSwitch},
                                    {"exclude", FlagKind::kList}, {"parents", FlagKind::kSwitch}};
constexpr KnownFlag kFromFlags[] = {{"platform", FlagKind::kText}};
constexpr KnownFlag kRunFlags[] = {{"mount", FlagKind::kList},
                                   {"network", FlagKind::kText},
                                   {"security", FlagKind::kText},
                                   {"device", FlagKind::kList}};
constexpr KnownFlag kHealthcheckFlags[] = {{"interval", FlagKind::kText},
                                           {"timeout", FlagKind::kText},
                                           {"start-period", FlagKind::kText},
                                           {"start-interval", FlagKind::kText},
                                           {"retries", FlagKind::kText}};

}  // namespace

std::span<const KnownFlag> flags_of(Keyword keyword) {
  switch (keyword) {
    case Keyword::kAdd:
      return kAddFlags;
    case Keyword::kCopy:
      return kCopyFlags;
    case Keyword::kFrom:
      return kFromFlags;
    case Keyword::kRun:
      return kRunFlags;
    case Keyword::kHealthcheck:
      return kHealthcheckFlags;
    default:
      return {};
  }
}

}  // namespace dcache::dockerfile
