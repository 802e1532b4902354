#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>

#include <fmt/format.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/linters.h"
#include "dcache/lint/rule.h"
#include "dcache/plan/graph.h"
#include "dcache/project/context_choice.h"
#include "dcache/project/discover.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/path.h"
#include "rules/volatile.h"

namespace dcache::rules::DC3001 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr size_t kMostDockerfiles = 32;  // of a folder; more are not images of one project
constexpr size_t kMostFolders = 5000;

// A FROM and what follows it.
using Stage = std::span<const Instruction>;

std::vector<Stage> stages_of(const dockerfile::File& file) {
  std::vector<Stage> stages;
  const std::span<const Instruction> all = file.instructions();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].keyword == Keyword::kFrom) stages.push_back(all.subspan(i, 0));
    if (!stages.empty()) stages.back() = {stages.back().data(), stages.back().size() + 1};
  }
  return stages;
}

struct SiblingDockerfile {
  std::string name;  // its path in the context
  dockerfile::File file;
  std::vector<Stage> stages;
};

// The Dockerfiles that are built from the context, read once for all of them: those at its root come first.
struct Siblings {
  std::vector<SiblingDockerfile> all;
};

// A Dockerfile may be ignored in its context: the folders are listed, not the context.
std::vector<std::string> dockerfiles_in(const lint::BuildContext& context, const std::string& folder) {
  std::vector<std::string> paths;
  for (const context::FolderEntry& one : context.file_system->list(text::join_path(context.folder, folder))) {
    if (!one.is_folder && project::is_dockerfile_name(one.name))
      paths.push_back(text::join_path(folder, one.name));
  }
  if (paths.size() > kMostDockerfiles) paths.clear();
  return paths;
}

bool is_vendored(std::string_view path) {
  for (; path != "."; path = text::parent_path(path)) {
    if (project::is_vendored_folder(text::base_name(path))) return true;
  }
  return false;
}

// Whether a Dockerfile below the root of the context is built from that root, by what it copies.
bool is_of_context(const lint::BuildContext& context, const std::string& path, const dockerfile::File& file) {
  if (text::parent_path(path) == ".") return true;
  const auto choice =
      project::choose_context(plan::build_graph(file, {}), text::join_path(context.folder, path),
                              context.file_system->real_path(context.folder), *context.file_system);
  return context.file_system->real_path(choice.folder) == context.file_system->real_path(context.folder);
}

// What `exclude` of the configurations leaves out. They are read where there are some.
class Exclusions {
 public:
  explicit Exclusions(const lint::BuildContext& context) : context_(context) {}

  bool leave_out(const std::string& path) {
    if (!has_settings(
            context_.file_system->real_path(text::join_path(context_.folder, text::parent_path(path)))))
      return false;
    if (!linters_) {
      lint::Linters::Options options;
      options.files = context_.file_system.get();
      linters_.emplace(lint::catalogue(), options);
    }
    return linters_->of(text::join_path(context_.folder, path)).excluded;
  }

 private:
  // Whether a folder, or one above it, has a configuration.
  bool has_settings(const std::string& folder) {
    const auto [known, is_new] = known_.try_emplace(folder);
    if (is_new) {
      const std::string above(text::parent_path(folder));
      const bool is_top = text::is_root(folder) || above == folder || above.empty();
      const bool is_here = context_.file_system->exists(text::join_path(folder, project::kSettingsName));
      known_[folder] = is_here || (!is_top && has_settings(above));
    }
    return known_[folder];
  }

  const lint::BuildContext& context_;
  std::map<std::string, bool> known_;
  std::optional<lint::Linters> linters_;
};

Siblings read_siblings(const lint::BuildContext& context) {
  std::vector<std::string> paths = dockerfiles_in(context, ".");
  size_t folders = 0;
  for (const context::Record& record : context.files.records()) {
    if (record.type != context::Type::kFolder || is_vendored(record.path)) continue;
    if (++folders > kMostFolders) break;
    std::ranges::move(dockerfiles_in(context, record.path), std::back_inserter(paths));
  }
  Siblings siblings;
  Exclusions exclusions(context);
  for (std::string& path : paths) {
    if (exclusions.leave_out(path)) continue;
    auto text = context.read(path);
    if (!text) continue;
    dockerfile::File file = dockerfile::parse(std::move(*text));
    if (!is_of_context(context, path, file)) continue;
    SiblingDockerfile& sibling = siblings.all.emplace_back(std::move(path), std::move(file));
    sibling.stages = stages_of(sibling.file);
  }
  return siblings;
}

// FROM without the stage's name.
std::string_view image_of(const Instruction& from) {
  return from.arguments.empty() ? std::string_view() : from.arguments.front().text;
}

// Whether two instructions have the same text; comments do not matter.
bool is_same(const Instruction& one, const Instruction& other) {
  return one.keyword == other.keyword && one.one_line() == other.one_line() &&
         std::ranges::equal(one.heredocs, other.heredocs, {}, &dockerfile::Heredoc::content,
                            &dockerfile::Heredoc::content);
}

// Whether two files say the same, apart from comments.
bool is_same_file(const dockerfile::File& one, const dockerfile::File& other) {
  return std::ranges::equal(one.instructions(), other.instructions(), is_same);
}

// How many instructions two stages begin with alike, FROM among them.
size_t common_start(Stage a, Stage b) {
  if (image_of(a.front()) != image_of(b.front())) return 0;
  const auto differing = std::mismatch(a.begin() + 1, a.end(), b.begin() + 1, b.end(), is_same);
  return static_cast<size_t>(differing.first - a.begin());
}

// The last costly step of a stage; null for none.
const Instruction* last_costly(lint::Dockerfile& dockerfile, Stage stage) {
  const Instruction* last = nullptr;
  for (const Instruction& instruction : stage.subspan(1)) {
    if (is_costly(dockerfile, instruction)) last = &instruction;
  }
  return last;
}

void look_at(lint::Dockerfile& dockerfile, Stage stage, const Siblings& siblings, lint::Reporter& reporter) {
  const SiblingDockerfile* best = nullptr;
  size_t most = 0;
  for (const SiblingDockerfile& sibling : siblings.all) {
    // The Dockerfile itself is among them: those before it are the ones it repeats.
    if (is_same_file(sibling.file, dockerfile.file())) break;
    for (const Stage other : sibling.stages) {
      const size_t common = common_start(stage, other);
      if (common <= most) continue;
      most = common;
      best = &sibling;
    }
  }
  const Instruction* costly = most < 2 ? nullptr : last_costly(dockerfile, stage.first(most));
  if (costly == nullptr) return;
  reporter.report(costly->span,
                  fmt::format("{} starts with the same {} instructions: separate CI runners repeat this work",
                              best->name, most),
                  "make one Dockerfile with a target for each, or a base image of what they share");
}

// Files that say the same, apart from comments: each of them is reported.
bool report_twins(lint::Dockerfile& dockerfile, const Siblings& siblings, lint::Reporter& reporter) {
  std::vector<std::string_view> names;
  for (const SiblingDockerfile& sibling : siblings.all) {
    if (is_same_file(sibling.file, dockerfile.file())) names.push_back(sibling.name);
  }
  if (names.size() < 2) return false;
  for (const Stage stage : stages_of(dockerfile.file())) {
    const Instruction* costly = last_costly(dockerfile, stage);
    if (costly == nullptr) continue;
    reporter.report(costly->span,
                    fmt::format("{} have the same instructions: separate CI runners repeat this work",
                                fmt::join(names, " and ")),
                    "keep one of them, and use a build argument or a target if the images differ");
    return true;
  }
  return true;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const lint::BuildContext* context = dockerfile.build_context();
  if (context == nullptr) return;
  const Siblings& siblings = context->shared<Siblings>([&] { return read_siblings(*context); });
  if (report_twins(dockerfile, siblings, reporter)) return;
  for (const Stage stage : stages_of(dockerfile.file()))
    look_at(dockerfile, stage, siblings, reporter);
}

constexpr lint::ExampleFile kRepeating[] = {
    {"Dockerfile", "FROM node:22 AS deps\nCOPY package.json ./\nRUN npm install\nCOPY api ./api\n"},
    {"Dockerfile.web", "FROM node:22\nCOPY package.json ./\nRUN npm install\nCOPY web ./web\n"},
    {"package.json", "{}\n"}};
constexpr lint::ExampleFile kOther[] = {
    {"Dockerfile", "FROM python:3.12\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\n"},
    {"Dockerfile.web", "FROM node:22\nCOPY package.json ./\nRUN npm install\nCOPY web ./web\n"},
    {"package.json", "{}\n"}};
constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/multi-stage/",
                                            "https://docs.docker.com/build/bake/"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC3001",
      .name = "shared-prefix",
      .level = lint::Level::kInfo,
      .origin = lint::Origin::kDcache,
      .not_in_default = "a builder that builds both shares the steps by itself",
      .summary = "Several Dockerfiles of a build context begin with the same costly steps",
      .rationale =
          "Two Dockerfiles that begin with the same image, the same files and the same install make the "
          "same layers. One builder notices this by itself. CI jobs that run on separate machines do "
          "not: each installs everything. As stages of one Dockerfile, or in a base image for both, the "
          "work is done once, and there is only one place to update.\n\nThe rule compares the Dockerfiles at "
          "the root of the build context, and those in its folders that copy from the root. All of "
          "them get a finding except the first one. Those that `exclude` in the configuration leaves out are "
          "not "
          "compared. Files with exactly the same instructions all get one.",
      .bad = {"FROM node:22\nCOPY package.json ./\nRUN npm install\nCOPY web ./web\n", kRepeating},
      .good = {"FROM node:22\nCOPY package.json ./\nRUN npm install\nCOPY web ./web\n", kOther},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC3001
