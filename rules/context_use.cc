#include "rules/context_use.h"

#include <algorithm>
#include <optional>

#include "dcache/cache/selection.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/lint/context_readers.h"
#include "dcache/text/mentions.h"
#include "dcache/text/path.h"
#include "rules/broad_copy.h"
#include "rules/needless.h"

namespace dcache::rules {

// The Dockerfiles of the repository that have the context.
struct ContextUse::Others {
  std::vector<std::string> texts;
  std::string instructions;  // a line each
  std::vector<plan::Selector> named;
  bool reads_git = false;
  std::optional<std::vector<std::string>> needless;  // of those that copy everything; nothing if none does
};

namespace {

void add_named(const plan::Graph& graph, std::vector<plan::Selector>& named) {
  for (const plan::Step& step : graph.steps) {
    for (const plan::Read& read : step.reads) {
      if (read.origin != plan::Read::Origin::kContext) continue;
      std::ranges::copy_if(read.selectors, std::back_inserter(named),
                           [](const plan::Selector& one) { return !one.takes_everything(); });
    }
  }
}

void keep_common(std::vector<std::string> more, std::optional<std::vector<std::string>>& names) {
  if (!names) {
    names = std::move(more);
    return;
  }
  std::erase_if(*names, [&](const std::string& name) { return std::ranges::find(more, name) == more.end(); });
}

ContextUse::Others read_others(const lint::BuildContext& context, const std::vector<std::string>& texts) {
  ContextUse::Others others{.texts = texts, .instructions = {}, .named = {}, .needless = {}};
  const lint::Config config;
  for (const std::string& text : texts) {
    const dockerfile::File file = dockerfile::parse(text);
    lint::Dockerfile dockerfile(file, config, {});
    add_named(dockerfile.graph(), others.named);
    for (const dockerfile::Instruction& instruction : file.instructions())
      others.instructions.append(instruction.joined) += '\n';
    if (find_broad_copy(dockerfile.graph()) == nullptr) continue;
    others.reads_git = others.reads_git || may_read_git(dockerfile, context);
    keep_common(needless_names(dockerfile, context), others.needless);
  }
  return others;
}

bool reads(const lint::BuildContext& context, const plan::Selector& selector, std::string_view path) {
  if (!selector.wildcard) return text::is_within(std::string_view(selector.path).substr(1), path);
  const auto takes = [&](const context::Record& record) {
    return cache::takes(context.files, {&selector, 1}, record);
  };
  const context::Record* const record = context.files.find(path);
  return (record != nullptr && takes(*record)) || std::ranges::any_of(context.files.below(path), takes);
}

}  // namespace

const ContextUse::Others& ContextUse::others() const {
  if (others_ == nullptr) {
    const auto& texts =
        context_.shared<lint::ContextReaders>([] { return lint::ContextReaders(); }).dockerfiles();
    others_ = &context_.shared<Others>([&] { return read_others(context_, texts); });
  }
  return *others_;
}

bool ContextUse::names(std::string_view path) const {
  struct OwnSelectors {
    std::vector<plan::Selector> named;
  };
  const OwnSelectors& own = dockerfile_.shared<OwnSelectors>([&] {
    OwnSelectors made;
    add_named(dockerfile_.graph(), made.named);
    return made;
  });
  const auto is_read = [&](const plan::Selector& selector) { return reads(context_, selector, path); };
  return std::ranges::any_of(own.named, is_read) || std::ranges::any_of(others().named, is_read);
}

bool ContextUse::mentions(std::string_view name) const {
  return std::ranges::any_of(dockerfile_.file().instructions(),
                             [&](const dockerfile::Instruction& instruction) {
                               return text::mentions(instruction.joined, name);
                             }) ||
         text::mentions(others().instructions, name);
}

bool ContextUse::reads_git() const {
  return may_read_git(dockerfile_, context_) || others().reads_git;
}

std::vector<std::string> ContextUse::needless_names() const {
  std::optional<std::vector<std::string>> names = rules::needless_names(dockerfile_, context_);
  if (names->empty() || reads_git()) return {};
  if (const auto& common = others().needless) keep_common(*common, names);
  std::erase_if(*names, [&](const std::string& name) { return this->names(name); });
  return *std::move(names);
}

bool ContextUse::is_of_context() const {
  const std::vector<std::string>& texts = others().texts;
  return std::ranges::find(texts, dockerfile_.file().source()) != texts.end();
}

}  // namespace dcache::rules
