#include "dcache/lsp/selection.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "dcache/dockerfile/file.h"
#include "dcache/lsp/navigation.h"

namespace dcache::lsp {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;
using text::Span;

bool touches(Span span, uint32_t offset) {
  return span.begin <= offset && offset <= span.end;
}

// Those of an instruction that a selection may stop at.
void add_parts(const Instruction& instruction, std::vector<Span>& out) {
  out.push_back(instruction.span);
  out.push_back(instruction.name_span);
  for (const dockerfile::Flag& flag : instruction.flags)
    out.push_back(flag.span);
  for (const dockerfile::Word& word : instruction.arguments)
    out.push_back(word.span);
  if (!instruction.arguments.empty())
    out.push_back({instruction.arguments.front().span.begin, instruction.arguments.back().span.end});
  for (const dockerfile::Heredoc& heredoc : instruction.heredocs)
    out.push_back(heredoc.body);
  if (instruction.onbuild != nullptr) add_parts(*instruction.onbuild, out);
}

}  // namespace

std::vector<Span> selections(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset) {
  const std::string_view source = parsed.file.source();
  std::vector<Span> all = {{0, static_cast<uint32_t>(source.size())}, name_at(source, offset)};
  const auto& instructions = parsed.file.instructions();
  for (size_t i = 0; i < instructions.size(); ++i) {
    if (instructions[i].keyword == Keyword::kFrom) {
      size_t last = i;
      while (last + 1 < instructions.size() && instructions[last + 1].keyword != Keyword::kFrom)
        ++last;
      all.push_back({instructions[i].span.begin, instructions[last].span.end});
    }
    if (touches(instructions[i].span, offset)) add_parts(instructions[i], all);
  }
  for (const dockerfile::Comment& comment : parsed.file.comments())
    all.push_back(comment.span);
  return nested_spans(std::move(all), offset);
}

std::vector<Span> nested_spans(std::vector<Span> all, uint32_t offset) {
  std::erase_if(all, [&](Span span) { return !touches(span, offset); });
  std::ranges::stable_sort(all, {}, &Span::size);
  // Two words that meet at the offset are not within each other: the first one counts.
  std::vector<Span> nested;
  for (const Span span : all) {
    const bool grows = nested.empty() || (span.contains(nested.back()) && span != nested.back());
    if (grows && !(nested.empty() && span.empty() && all.size() > 1)) nested.push_back(span);
  }
  return nested;
}

nlohmann::json selection_chain(const std::vector<Span>& spans, const Positions& positions) {
  nlohmann::json chain;
  for (auto span = spans.rbegin(); span != spans.rend(); ++span) {
    nlohmann::json wider = std::move(chain);
    chain = {{"range", positions.range_of(*span)}};
    if (!wider.is_null()) chain["parent"] = std::move(wider);
  }
  return chain;
}

}  // namespace dcache::lsp
