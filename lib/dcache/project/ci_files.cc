#include "dcache/project/ci_files.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/build_script.h"

namespace dcache::project {
namespace {

constexpr size_t kMostCiFiles = 500;
constexpr size_t kMostFileFailures = 200;
constexpr size_t kMostSpent = size_t{64} << 20U;

}  // namespace

const std::vector<yaml::Value>* CiFiles::read(const std::string& path, const yaml::Place* from) {
  if (const auto known = read_.find(path); known != read_.end())
    return known->second.empty() ? nullptr : &known->second;
  std::vector<yaml::Value>& documents = read_[path];
  const auto fail_here = [&](std::string message, std::string remedy) {
    if (from != nullptr) {
      fail(*from, std::move(message), std::move(remedy));
    } else {
      failures_.push_back({path, 0, 0, std::move(message), std::move(remedy)});
    }
    return nullptr;
  };
  if (paths_.size() == kMostCiFiles)
    return fail_here(fmt::format("more than {} files are read", kMostCiFiles), "include fewer");
  const auto text = options_.files->read(path);
  if (!text) return fail_here(text.error(), {});
  if (text->size() > options_.largest_file) return fail_here(fmt::format("{} is too large", path), {});
  const auto file = static_cast<uint32_t>(paths_.size());
  paths_.push_back(path);
  yaml::Documents parsed = yaml::parse(*text, path, file);
  std::ranges::move(parsed.failures, std::back_inserter(failures_));
  documents = std::move(parsed.values);
  return documents.empty() ? nullptr : &documents;
}

std::optional<std::string> CiFiles::script(const std::string& path, bool builds, yaml::Place from) {
  constexpr size_t kLongestScript = size_t{256} << 10U;
  constexpr size_t kCostOfScript = 10'000, kCostOfCharacter = 2;
  if (builds) {
    (void)options_.files->read(path);  // which notes it
    return std::nullopt;
  }
  const auto [known, is_new] = scripts_.try_emplace(path);
  if (is_new) {
    auto text = (options_.unnoted_files == nullptr ? options_.files : options_.unnoted_files)->read(path);
    if (text && text->size() <= kLongestScript && (may_build(*text) || may_run_script(*text)))
      known->second = *std::move(text);
  }
  // Each call is read by itself, with its arguments.
  if (!known->second || !spend(kCostOfScript + kCostOfCharacter * known->second->size(), from))
    return std::nullopt;
  return known->second;
}

void CiFiles::fail(yaml::Place place, std::string message, std::string remedy) {
  if (failures_.size() >= kMostFileFailures) return;
  text::Failure failure = yaml::failure_at(path_of(place), place, std::move(message), std::move(remedy));
  const bool known = std::ranges::any_of(failures_, [&](const text::Failure& one) {
    return one.path == failure.path && one.line == failure.line && one.column == failure.column &&
           one.message == failure.message;
  });
  if (!known) failures_.push_back(std::move(failure));
}

bool CiFiles::spend(size_t characters, yaml::Place place) {
  const bool was_within = spent_ <= kMostSpent;
  spent_ += characters;
  if (spent_ <= kMostSpent) return true;
  if (was_within) fail(place, "the jobs are too many, or too large", "use smaller matrices");
  return false;
}

std::string text_of(const yaml::Value& map, std::string_view name) {
  const yaml::Value* const value = map.find(name);
  return value == nullptr ? std::string() : yaml::printed(*value);
}

bool CiFiles::is_spent() const {
  return spent_ > kMostSpent;
}

}  // namespace dcache::project
