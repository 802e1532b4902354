#include "dcache/observe/platforms.h"

namespace dcache::observe {
namespace {

// "v7" of "arm/v7", which "windows/amd64" does not have.
bool is_variant(std::string_view word) {
  return word.size() > 1 && word.front() == 'v' && word[1] >= '0' && word[1] <= '9';
}

}  // namespace

PlatformWord read_platform(std::string_view word) {
  constexpr std::string_view kFor = "->";
  const size_t arrow = word.find(kFor);
  PlatformWord platform{word.substr(0, arrow), std::string(word.substr(0, arrow))};
  if (arrow == std::string_view::npos) return platform;
  // The operating system is left out if it is the same.
  const std::string_view target = word.substr(arrow + kFor.size());
  const size_t slash = target.find('/');
  const bool is_whole = slash != std::string_view::npos && !is_variant(target.substr(slash + 1));
  platform.target = target;
  if (!is_whole) platform.target.insert(0, platform.own.substr(0, platform.own.find('/') + 1));
  return platform;
}

void PlatformChoices::keep(Choices& choices, std::string_view key, const Choice& choice) {
  const auto [known, is_new] = choices.try_emplace(std::string(key), choice);
  if (!is_new && known->second.number < choice.number) known->second = choice;
}

void PlatformChoices::add(std::string_view platform, size_t index, size_t number) {
  const Choice choice{index, number};
  const PlatformWord word = read_platform(platform);
  keep(by_word_, platform, choice);
  keep(by_target_, word.target, choice);
  keep(by_own_, word.own, choice);
  if (!any_ || any_->number < number) any_ = choice;
}

std::optional<size_t> PlatformChoices::of(std::string_view platform) const {
  const auto found = by_word_.find(platform);
  return found == by_word_.end() ? std::nullopt : std::optional(found->second.index);
}

std::optional<size_t> PlatformChoices::below(std::string_view platform) const {
  const PlatformWord word = read_platform(platform);
  std::optional<Choice> best;
  const auto take = [&](const Choices& choices, std::string_view key) {
    const auto found = choices.find(key);
    if (found != choices.end() && (!best || best->number < found->second.number)) best = found->second;
  };
  take(by_word_, platform);
  take(by_target_, word.target);
  take(by_own_, word.own);
  // The names of a build for one platform do not say it, and another image may share its steps.
  take(by_word_, "");
  if (!best && platform.empty()) best = any_;
  return best ? std::optional(best->index) : std::nullopt;
}

std::optional<size_t> PlatformChoices::seen_by(std::string_view platform) const {
  const auto found = below(platform);
  return found || !any_ ? found : std::optional(any_->index);
}

}  // namespace dcache::observe
