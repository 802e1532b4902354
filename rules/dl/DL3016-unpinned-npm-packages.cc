#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <re2/re2.h>

#include "dcache/lint/rule.h"
#include "dcache/text/piece.h"
#include "dcache/text/words.h"
#include "rules/hadolint.h"
#include "rules/installs.h"

namespace dcache::rules::DL3016 {
namespace {

constexpr std::string_view kNpm[] = {"npm"}, kPnpm[] = {"pnpm"}, kYarn[] = {"yarn"};
constexpr std::string_view kInstalls[] = {"install", "i", "add", "in", "ins", "inst"};
constexpr std::string_view kAdds[] = {"add"};
// Commands that start something else, which may be given any words.
constexpr std::string_view kOthers[] = {"run", "exec", "dlx", "config", "create", "init", "workspace"};

// Other names of `npm install`, and what other package managers for Node.js call it.
std::vector<Pin> all_pins() {
  std::vector<Pin> pins;
  const Pin& known = package_manager("npm").pins.front();
  for (const auto& [programs, commands] :
       {std::pair<Words, Words>(kNpm, kInstalls), {kPnpm, kAdds}, {kYarn, kAdds}}) {
    Pin& pin = pins.emplace_back(known);
    pin.programs = programs;
    pin.commands = commands;
    pin.unless = kOthers;
    pin.loose = "@latest$";
  }
  return pins;
}

// `npm install ci` is written for `npm ci`, and installs a package of that name.
std::optional<Complaint> slip(std::span<const shell::Word* const> packages) {
  if (packages.front()->text != "ci") return std::nullopt;
  return Complaint{"this installs a package with the name ci, not the packages in the lock file",
                   "write npm ci"};
}

// Whether a package is in a repository, at a tag or a commit: `user/repo#v1`, `github:user/repo#abc`. A
// branch that is known as one moves.
bool is_at_commit(const lint::Run& /*run*/, const shell::Word& package) {
  static const RE2 kPlace(R"(^(?:(?:github|gitlab|bitbucket):)?[\w.\-]+/[\w.\-]+#(.+)$|^gist:[^#]+#(.+)$)");
  constexpr std::string_view kBranches[] = {"main", "master", "develop", "dev", "next", "latest", "HEAD"};
  std::string place, of_gist;
  return RE2::FullMatch(text::piece(package.text), kPlace, &place, &of_gist) &&
         !text::is_one_of(place.empty() ? of_gist : place, kBranches);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3016");
  if (as_hadolint) {
    report_unpinned(dockerfile, reporter, package_manager("npm").pins, {}, slip);
  } else {
    report_unpinned(dockerfile, reporter, all_pins(), is_at_commit, slip);
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3016",
          .name = "unpinned-npm-packages",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`npm install` of packages without a version",
          .rationale =
              "Which version a rebuild installs depends on the day: two images of one commit are "
              "different, and a cached layer keeps the old version until something above it changes. "
              "Name the version with `@`, or list the packages in `package.json` and its lock "
              "file.\n\n`npm i` and `npm add`, `pnpm add`, `yarn add` and `yarn global add` count too, "
              "and `@latest` is not a version. What is in a repository names a tag or a commit after `#`. "
              "The profile `hadolint` only knows `npm install`, as "
              "hadolint does.",
          .bad = {"FROM node:22\n"
                  "RUN npm install -g serve\n"},
          .good = {"FROM node:22\n"
                   "RUN npm install -g serve@14.2.3\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3016
