#include "dcache/lint/linters.h"

#include <filesystem>
#include <utility>

#include "dcache/context/boundary.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"

namespace dcache::lint {
namespace {

namespace fs = std::filesystem;

cache::Failure failure_of(const std::string& path, ConfigError error) {
  return {path, error.line, error.column, std::move(error.message), std::move(error.remedy)};
}

}  // namespace

Linters::Linters(std::span<const Rule> rules, Options options)
    : rules_(rules), options_(std::move(options)), names_(known_names(rules)) {}

const Linters::Entry& Linters::of(const std::string& path) {
  const std::string folder(text::parent_path(path));
  const std::scoped_lock lock(mutex_);
  const auto [known, fresh] = by_folder_.try_emplace(folder);
  if (fresh) known->second = &of_config(options_.config.empty() ? find(folder) : options_.config);
  return known->second->of_files == nullptr ? *known->second : with_overrides(*known->second, path);
}

Linters::Entry& Linters::of_config(const std::string& path) {
  const auto [known, fresh] = by_config_.try_emplace(path);
  Entry& entry = known->second;
  if (!fresh) return entry;
  entry.path = path;
  read(entry);
  if (entry.failure) return entry;
  if (entry.given.overrides.empty() && entry.given.exclude.empty()) {
    put_to_use(entry);
  } else if (auto settings = FileSettings::compile(entry.given)) {
    entry.of_files = std::make_shared<const FileSettings>(*std::move(settings));
  } else {
    entry.failure = failure_of(path, std::move(settings.error()));
  }
  return entry;
}

// With [[overrides]] and `exclude` each file has a configuration of its own.
const Linters::Entry& Linters::with_overrides(const Entry& general, const std::string& file) {
  const auto [known, fresh] = by_file_.try_emplace(file);
  Entry& entry = known->second;
  if (!fresh) return entry;
  const auto whole = [](const std::string& path) { return text::system_path(context::absolute_path(path)); };
  const fs::path relative = whole(file).lexically_relative(whole(general.path).parent_path());
  const std::string place = relative.generic_string();
  entry.excluded = general.of_files->excludes(place);
  entry.path = general.path;
  entry.notes = general.notes;
  entry.given = general.of_files->of(place);
  put_to_use(entry);
  return entry;
}

std::string Linters::find(const std::string& folder) const {
  std::string nearest = find_config(folder, *options_.files);
  if (!nearest.empty() || !options_.variables) return nearest;
  return find_hadolint_home(options_.variables, *options_.files);
}

void Linters::read(Entry& entry) const {
  const std::string& path = entry.path;
  const bool of_hadolint = path.empty() || is_hadolint_config(path);
  std::vector<ConfigError> notes;
  if (!path.empty()) {
    const auto text = options_.files->read(path);
    if (!text) {
      entry.failure = cache::Failure{{}, 0, 0, text.error(), {}};
      return;
    }
    auto from_file =
        of_hadolint ? read_hadolint_config(*text, names_, notes) : read_config(*text, names_, notes);
    if (!from_file) {
      entry.failure = failure_of(path, std::move(from_file.error()));
      return;
    }
    entry.given = std::move(*from_file);
  }
  for (ConfigError& note : notes)
    entry.notes.push_back(failure_of(path, std::move(note)));
  if (!of_hadolint || !options_.variables) return;
  notes.clear();
  if (auto wrong = add_hadolint_variables(options_.variables, names_, entry.given, notes))
    entry.failure = failure_of({}, std::move(*wrong));
  for (ConfigError& note : notes)
    entry.notes.push_back(failure_of({}, std::move(note)));
}

void Linters::put_to_use(Entry& entry) const {
  entry.config = entry.given;
  if (options_.adjust) options_.adjust(entry.config);
  entry.linter.emplace(rules_, entry.config);
  if (options_.shellcheck != nullptr) entry.linter->use(options_.shellcheck);
}

}  // namespace dcache::lint
