#include "dcache/project/compose_files.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using yaml::Member;
using yaml::Value;

// What a whole project may grow to.
constexpr size_t kMostComposeFiles = 1000;
constexpr size_t kMostCopies = 32U << 20U;             // characters and values that `extends` copies
constexpr size_t kMostReplacedInProject = 64U << 20U;  // characters that variables put in
constexpr size_t kMostResets = 1000;
constexpr size_t kMostDocuments = 100;

}  // namespace

std::string ComposeScope::path_of(std::string_view path) const {
  if (path.starts_with('~') && !home.empty()) return text::join_path(home, path.substr(1));
  return text::is_absolute(path) ? text::clean_path(path) : text::join_path(folder, path);
}

const Value* compose_text(const Value& map, std::string_view name) {
  const Value* const found = map.find(name);
  return found != nullptr && found->is_text() && !found->text.empty() ? found : nullptr;
}

ComposeFiles::ComposeFiles(ComposeModel& model, const ReadOptions& options)
    : model_(model),
      options_(options),
      complain_([&model](yaml::Place place, std::string message, std::string remedy) {
        model.fail(place, std::move(message), std::move(remedy));
      }) {}

std::vector<ComposeDocument> ComposeFiles::read(const std::string& path, const yaml::Place* from) {
  const auto fail = [&](std::string message, std::string remedy = {}) {
    if (from != nullptr) {
      model_.fail(*from, std::move(message), std::move(remedy));
    } else {
      model_.failures.push_back({path, 0, 0, std::move(message), std::move(remedy)});
    }
  };
  if (++files_read_ > kMostComposeFiles) {
    if (files_read_ == kMostComposeFiles + 1) fail("the project reads too many files", "include fewer");
    return {};
  }
  const auto text = options_.files->read(path);
  if (!text) {
    fail(text.error());
    return {};
  }
  if (text->size() > options_.largest_file) {
    fail(fmt::format("{} is too large", path));
    return {};
  }
  const auto file = static_cast<uint32_t>(model_.files.size());
  model_.files.push_back(path);
  yaml::Documents read = yaml::parse(*text, path, file);
  std::ranges::move(read.failures, std::back_inserter(model_.failures));
  std::vector<ComposeDocument> documents;
  for (Value& root : read.values) {
    if (root.is_null()) continue;
    if (documents.size() == kMostDocuments) {
      model_.fail(root.place, "the file has too many documents");
      break;
    }
    if (!root.is_map()) {
      model_.fail(root.place, "this is not a map of 'services'",
                  "write 'services:' with the services below it");
      continue;
    }
    ResetPaths resets = take_resets(root);
    if (resets.size() > kMostResets) {
      model_.fail(root.place, "the file has too many values with !reset or !override");
      resets.clear();
    }
    documents.push_back({std::move(root), std::move(resets)});
  }
  return documents;
}

bool ComposeFiles::is_folder(const std::string& path) const {
  // Reading it is an error that is reported, so a folder with files is known by these.
  return !options_.files->list(path).empty() || (options_.files->exists(path) && !options_.files->read(path));
}

bool ComposeFiles::read_env(const std::string& path, Variables& variables) {
  if (!options_.files->exists(path)) return false;
  const auto text = options_.files->read(path);
  if (!text) return false;  // a folder, perhaps of a virtual environment
  Variables found;
  const Lookup outer = [&](std::string_view name) -> std::optional<std::string> {
    const auto known = variables.find(name);
    return known == variables.end() ? std::nullopt : std::optional(known->second);
  };
  if (text->size() > options_.largest_file) {
    model_.failures.push_back({path, 0, 0, fmt::format("{} is too large", path), {}});
    return true;
  }
  read_dotenv(*text, path, outer, found, model_.failures);
  variables.merge(found);
  return true;
}

void ComposeFiles::replace_variables(Value& value, const Variables& variables) {
  const Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
    const auto known = variables.find(name);
    return known == variables.end() ? std::nullopt : std::optional(known->second);
  };
  const auto visit = [&](const auto& self, Value& at) -> void {
    if (at.is_text()) replace(at, lookup);
    for (Value& item : at.items)
      self(self, item);
    std::erase_if(at.members, [&](const Member& member) {
      const bool wrong = member.kind != yaml::Kind::kText;
      if (wrong)
        model_.fail(member.place,
                    fmt::format("the name '{}' is {}", member.name, yaml::words_of(member.kind)),
                    "put it in quotes");
      return wrong;
    });
    for (Member& member : at.members)
      self(self, member.value);
  };
  visit(visit, value);
}

void ComposeFiles::replace(Value& text, const Lookup& lookup) {
  if (text.text.find('$') == std::string::npos) return;
  auto result = interpolate(text.text, lookup);
  if (result) {
    replaced_ += result->text.size();
    if (replaced_ <= kMostReplacedInProject) {
      text.text = std::move(result->text);
      if (!result->unset.empty()) model_.unset[text.place] = std::move(result->unset);
      return;
    }
    result = tl::unexpected<std::string>("the values of variables make the project too large");
  }
  if (result.error().find("has to be set") != std::string::npos) {
    model_.required.emplace(text.place, result.error());
    return;
  }
  const bool syntax = result.error().find("is not a variable") != std::string::npos;
  if (model_.failed.insert(text.place).second)
    model_.fail(text.place, result.error(), syntax ? "write $$ for a dollar sign" : "");
}

bool ComposeFiles::count_copy(const Value& value) {
  const bool was_within = copied_ <= kMostCopies;
  copied_ += yaml::size_of(value);
  if (copied_ <= kMostCopies) return true;
  if (was_within) model_.fail(value.place, "what 'extends' copies is too much", "extend smaller services");
  return false;
}

}  // namespace dcache::project
