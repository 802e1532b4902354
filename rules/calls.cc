#include "rules/calls.h"

#include <algorithm>
#include <iterator>

#include "dcache/text/path.h"

namespace dcache::rules {
namespace {

// All calls of the file, sorted by program.
struct AllCalls {
  std::vector<Call> calls;
};

const AllCalls& all_calls(lint::Dockerfile& dockerfile) {
  return dockerfile.shared<AllCalls>([&] {
    AllCalls all;
    for (const lint::Run& run : dockerfile.runs()) {
      for (const shell::Command& command : run.commands) {
        if (!command.words.empty() && !command.quoted) all.calls.push_back({&run, &command});
      }
    }
    std::ranges::stable_sort(all.calls, {}, &Call::program);
    return all;
  });
}

void sort_by_place(std::vector<Call>& calls) {
  std::ranges::sort(calls, [](const Call& a, const Call& b) {
    return a.run != b.run ? a.run < b.run : a.command < b.command;
  });
}

bool is_option(std::string_view word) {
  return word.size() > 1 && word.front() == '-';
}

// Whether the next word is the value of an option, or of the last one of several letters.
bool takes_value(std::string_view option, std::span<const std::string_view> with_value) {
  const auto is_named = [&](const std::string& name) {
    return std::ranges::find(with_value, name) != with_value.end();
  };
  if (is_named(std::string(option))) return true;
  const bool letters = option.size() > 2 && option[1] != '-' && option.find('=') == std::string_view::npos;
  return letters && is_named({'-', option.back()});
}

int count_in(std::string_view word, std::string_view option) {
  const bool long_option = word.starts_with("--");
  const std::string_view name = word.substr(long_option ? 2 : 1, word.find('=') - (long_option ? 2 : 1));
  if (long_option) return name == option ? 1 : 0;
  return option.size() == 1 ? static_cast<int>(std::ranges::count(word.substr(1), option.front())) : 0;
}

}  // namespace

bool Call::has(std::string_view word) const {
  return shell::has_word(arguments(), word);
}

bool Call::has_any(std::span<const std::string_view> words) const {
  return std::ranges::any_of(words, [&](std::string_view word) { return has(word); });
}

int Call::count(std::string_view option) const {
  int count = 0;
  for (const shell::Word& word : arguments()) {
    if (word.text == "--") break;
    if (is_option(word.text)) count += count_in(word.text, option);
  }
  return count;
}

bool Call::has_option(std::initializer_list<std::string_view> names) const {
  return std::ranges::any_of(names, [&](std::string_view name) { return count(name) > 0; });
}

std::vector<const shell::Word*> Call::operands(std::span<const std::string_view> options_with_value) const {
  std::vector<const shell::Word*> operands;
  const std::span<const shell::Word> words = arguments();
  const auto is_switch = [&](size_t i) {
    return i < words.size() && (words[i].text == "true" || words[i].text == "false");
  };
  for (size_t i = 0; i < words.size(); ++i) {
    if (!is_option(words[i].text)) {
      operands.push_back(&words[i]);
    } else if (takes_value(words[i].text, options_with_value) || is_switch(i + 1)) {
      ++i;
    }
  }
  return operands;
}

std::span<const Call> calls_of(lint::Dockerfile& dockerfile, std::string_view program) {
  return std::ranges::equal_range(all_calls(dockerfile).calls, program, {}, &Call::program);
}

std::vector<Call> calls_of(lint::Dockerfile& dockerfile, std::span<const std::string_view> programs) {
  std::vector<Call> calls;
  for (const std::string_view program : programs)
    std::ranges::copy(calls_of(dockerfile, program), std::back_inserter(calls));
  sort_by_place(calls);
  return calls;
}

std::vector<Call> pip_calls(lint::Dockerfile& dockerfile) {
  std::vector<Call> calls;
  const auto add = [&](std::string_view program, bool (*wanted)(const Call&)) {
    const std::vector<Call>& all = all_calls(dockerfile).calls;
    for (auto at = std::ranges::lower_bound(all, program, {}, &Call::program);
         at != all.end() && at->program().starts_with(program); ++at) {
      const bool version =
          at->program().find_first_not_of("0123456789.", program.size()) == std::string_view::npos;
      if (version && wanted(*at)) calls.push_back(*at);
    }
  };
  add("pip", [](const Call&) { return true; });
  add("python", [](const Call& call) {
    const std::span<const shell::Word> words = call.arguments();
    return words.size() > 1 && words[0].text == "-m" && words[1].text == "pip";
  });
  sort_by_place(calls);
  return calls;
}

bool keeps_out_of_layer(const lint::Run& run, std::span<const std::string_view> folders) {
  return std::ranges::any_of(run.mounts, [&](const dockerfile::Mount& mount) {
    const bool passing =
        mount.type == dockerfile::Mount::Type::kCache || mount.type == dockerfile::Mount::Type::kTmpfs;
    const std::string target = text::clean_path(mount.target);
    return passing && std::ranges::any_of(
                          folders, [&](std::string_view folder) { return text::is_within(folder, target); });
  });
}

lint::Diagnostic& report_part(const lint::Run& run, std::string_view part, lint::Reporter& reporter,
                              Complaint complaint) {
  lint::Diagnostic& diagnostic =
      reporter.report(run.instruction->span, std::move(complaint.message), std::move(complaint.remedy));
  diagnostic.focus = run.span_of(part);
  return diagnostic;
}

void report_first(std::span<const Call> calls, lint::Reporter& reporter,
                  const std::function<std::optional<Complaint>(const Call&)>& judge) {
  const lint::Run* reported = nullptr;
  for (const Call& call : calls) {
    if (call.run == reported) continue;
    auto complaint = judge(call);
    if (!complaint) continue;
    reported = call.run;
    report_part(*call.run, call.command->spelling, reporter, std::move(*complaint));
  }
}

}  // namespace dcache::rules
