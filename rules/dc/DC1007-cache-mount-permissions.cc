#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/edits.h"
#include "rules/package_managers.h"

namespace dcache::rules::DC1007 {
namespace {

using lint::Dockerfile;
using lint::Run;

void check(Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Run& run : dockerfile.runs()) {
    if (!run.step) continue;
    const Owner owner = owner_of(dockerfile.graph().steps[*run.step]);
    if (owner.is_root() || owner.user.empty() || owner.user.starts_with('$')) continue;
    const bool numbers = (owner.user + owner.group).find_first_not_of("0123456789") == std::string::npos;
    for (size_t i = 0; i < run.mounts.size(); ++i) {
      const dockerfile::Mount& mount = run.mounts[i];
      const dockerfile::Flag& flag = *run.mount_flags[i];
      if (mount.type != dockerfile::Mount::Type::kCache || mount.uid || mount.gid || mount.mode) continue;
      // In nearly all images nobody else can enter root's home: an owner does not help there.
      if (text::is_within(mount.target, "/root")) {
        reporter.report(
            flag.span,
            fmt::format("{} is in the home of root, and this RUN runs as user {}", mount.target, owner.user),
            fmt::format("let the tool use a folder that {} can enter, such as one in its own home, and mount "
                        "that with uid= and gid=",
                        owner.user));
        continue;
      }
      lint::Diagnostic& diagnostic = reporter.report(
          flag.span,
          fmt::format("{} belongs to root, and this RUN runs as user {}", mount.target, owner.user),
          "add uid= and gid=, or mode=0777");
      if (!numbers || flag.span.of(dockerfile.file().source()) != flag.text) continue;
      diagnostic.fix =
          replace({flag.span.end, flag.span.end}, fmt::format(",uid={},gid={}", owner.user, owner.group),
                  "make that user the owner of the mount");
    }
  }
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/reference/dockerfile/#run---mounttypecache"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1007",
      .name = "cache-mount-permissions",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kDcache,
      .fix = lint::FixKind::kSafe,
      .summary = "A cache mount belongs to root, and the stage runs as another user",
      .rationale =
          "The builder creates the folder of a new cache mount as root with mode 0755. A RUN that "
          "runs as another user can't write to it: the package manager warns and continues without a "
          "cache, or fails. `uid=` and `gid=` set the owner; `mode=0777` lets every user write. In the home "
          "of root neither helps: other users can't "
          "enter it.",
      .fix_note = "Adds `uid=` and `gid=` if USER gives numbers and the folder is not in the home of root.",
      .bad = {"FROM node:22\n"
              "USER 1000\n"
              "RUN --mount=type=cache,target=/home/node/.npm npm ci\n"},
      .good = {"FROM node:22\n"
               "USER 1000\n"
               "RUN --mount=type=cache,target=/home/node/.npm,uid=1000,gid=1000 npm ci\n"},
      .references = kReferences,
      .needs_buildkit = true,
      .check = check};
}

}  // namespace dcache::rules::DC1007
