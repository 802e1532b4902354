#include "cli/command.h"

#include <charconv>

#include <fmt/format.h>

namespace dcache::cli {

Option& Command::add(std::string_view names, std::string value, Take take, std::string help) {
  Option& option = options_.emplace_back();
  while (!names.empty()) {
    const size_t comma = std::min(names.find(','), names.size());
    option.names.emplace_back(names.substr(0, comma));
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  option.kind = Option::Kind::kOption;
  option.names_files = value == "FILE" || value == "DIR" || value == "FOLDER" || value == "FILE..." ||
                       value == "PATH" || value == "NAME=DIR";
  option.value = std::move(value);
  option.help = std::move(help);
  option.take = std::move(take);
  return option;
}

Option& Command::flag(std::string_view names, bool& target, std::string help) {
  const auto take = [&target](const std::string&) {
    target = true;
    return std::string();
  };
  Option& option = add(names, "", take, std::move(help));
  option.kind = Option::Kind::kFlag;
  return option;
}

Option& Command::describe(std::string_view names, std::string help) {
  Option& option = add(names, "", nullptr, std::move(help));
  option.kind = Option::Kind::kFlag;
  return option;
}

Option& Command::text(std::string_view names, std::string value, std::string& target, std::string help) {
  if (!target.empty()) help += fmt::format(" (default: {})", target);
  const auto take = [&target](const std::string& given) {
    target = given;
    return std::string();
  };
  return add(names, std::move(value), take, std::move(help));
}

Option& Command::number(std::string_view names, std::string value, uint32_t& target, std::string help) {
  const auto take = [&target](const std::string& given) {
    const char* const end = given.data() + given.size();
    const auto [at, failure] = std::from_chars(given.data(), end, target);
    const bool good = failure == std::errc() && at == end && target > 0;
    return good ? std::string() : std::string("expected a number greater than 0");
  };
  return add(names, std::move(value), take, std::move(help));
}

Option& Command::texts(std::string_view names, std::string value, std::vector<std::string>& target,
                       std::string help) {
  const auto take = [&target](const std::string& given) {
    target.push_back(given);
    return std::string();
  };
  Option& option = add(names, std::move(value), take, std::move(help));
  option.repeats = true;
  return option;
}

Option& Command::choice(std::string_view names, std::string value, std::vector<std::string> choices,
                        Take take, std::string help) {
  Option& option = add(names, std::move(value), std::move(take), std::move(help));
  option.choices = std::move(choices);
  return option;
}

Option& Command::arguments(std::string_view called, std::vector<std::string>& target, std::string help) {
  Option& option = texts(called, "", target, std::move(help));
  option.kind = Option::Kind::kArgument;
  option.takes_rest = true;
  return option;
}

}  // namespace dcache::cli
