#include "rules/final_image.h"

#include <algorithm>
#include <ranges>

#include "dcache/plan/image.h"
#include "dcache/text/path.h"
#include "rules/sources.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void append_words(const Instruction* instruction, std::vector<std::string>& words) {
  if (instruction == nullptr) return;
  if (instruction->json) {
    for (const dockerfile::Word& word : instruction->arguments)
      words.emplace_back(word.text);
    return;
  }
  text::Arena texts;
  for (const shell::Command& command : shell::split(instruction->rest, texts)) {
    for (const shell::Word& word : command.words)
      words.emplace_back(word.text);
  }
}

FinalImage find_final_image(lint::Dockerfile& dockerfile) {
  FinalImage image;
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  if (stages.empty() || stages.back().from == nullptr) return image;
  image.from = stages.back().from;
  std::vector<size_t> chain = {stages.size() - 1};
  while (stages[chain.back()].base)
    chain.push_back(*stages[chain.back()].base);
  const Instruction& root = *stages[chain.back()].from;
  if (!root.arguments.empty()) {
    image.base = image_of(dockerfile, root);
    image.base_is_built = dockerfile.is_defined(dockerfile.graph().text_of(root.arguments.front()));
  }
  std::ranges::reverse(chain);
  for (const size_t stage : chain) {
    for (const Instruction& instruction : stages[stage].body) {
      image.instructions.push_back(&instruction);
      if (instruction.keyword == Keyword::kRun) image.runs.push_back(&dockerfile.run_at(instruction));
      if (instruction.keyword == Keyword::kUser) image.user = &instruction;
      if (instruction.keyword == Keyword::kCmd) image.command = &instruction;
      if (instruction.keyword == Keyword::kEntrypoint) image.entrypoint = &instruction;
    }
  }
  append_words(image.entrypoint, image.started);
  append_words(image.command, image.started);
  return image;
}

// The path of a program in the image; of one that is found by PATH its path if it is in `folder`. Empty if it
// is not.
std::string path_of_program(const plan::Graph& graph, std::string_view program, std::string_view folder) {
  if (program.starts_with('/')) return text::clean_path(program);
  if (program.find('/') != std::string_view::npos)
    return text::clean_path(text::join_path(graph.stages.back().workdir, program));
  const std::string_view name = text::base_name(folder);
  return name == "bin" || name == "sbin" ? text::join_path(folder, program) : "";
}

// The program as a part of a folder that is copied.
std::optional<std::string> program_in_folder(lint::Dockerfile& dockerfile, const FinalImage& image,
                                             std::string_view program) {
  const plan::Graph& graph = dockerfile.graph();
  const lint::BuildContext& context = *dockerfile.build_context();
  if (graph.stages.empty()) return std::nullopt;
  for (const plan::Step& step : graph.steps | std::views::reverse) {
    if (step.kind != plan::Step::Kind::kCopy ||
        std::ranges::find(image.instructions, step.instruction) == image.instructions.end())
      continue;
    const std::string path = path_of_program(graph, program, step.destination);
    if (path.empty() || !text::is_within(path, step.destination)) continue;
    const std::string_view inside =
        std::string_view(path).substr(std::min(step.destination.size(), path.size()));
    for (const plan::Read& read : step.reads) {
      if (read.origin != plan::Read::Origin::kContext) continue;
      for (const plan::Selector& selector : read.selectors) {
        if (selector.wildcard || !selector.include.empty()) continue;
        const std::string source = text::clean_path(selector.path + "/" + std::string(inside)).substr(1);
        const context::Record* record = context.files.find(source);
        if (record == nullptr || record->type != context::Type::kFile) continue;
        if (auto text = context.read(source)) return std::move(*text);
      }
    }
  }
  return std::nullopt;
}

// The program as the text of a heredoc of COPY, as the builder writes it; nothing if variables decide on it.
std::optional<std::string> program_in_heredoc(const FinalImage& image, std::string_view program) {
  const std::string_view name = text::base_name(program);
  for (const Instruction* one : image.instructions | std::views::reverse) {
    const bool copies = one->keyword == Keyword::kCopy || one->keyword == Keyword::kAdd;
    if (!copies || one->arguments.size() < 2) continue;
    const std::string_view target = unquoted(one->arguments.back().text);
    for (const dockerfile::Heredoc& heredoc : one->heredocs) {
      if (text::base_name(target) != name && heredoc.name != name) continue;
      if (!heredoc.expand) return std::string(heredoc.content);
      std::string text;
      for (size_t i = 0; i < heredoc.content.size(); ++i) {
        const char c = heredoc.content[i];
        if (c == '$') return std::nullopt;
        if (c == '\\' && i + 1 < heredoc.content.size() && heredoc.content[i + 1] == '$') ++i;
        text += heredoc.content[i];
      }
      return text;
    }
  }
  return std::nullopt;
}

}  // namespace

bool FinalImage::starts(std::string_view program) const {
  return std::ranges::any_of(started,
                             [&](const std::string& word) { return text::base_name(word) == program; });
}

bool FinalImage::starts_script() const {
  constexpr std::string_view kNames[] = {"run",    "start", "init",  "startup",
                                         "launch", "boot",  "entry", "service"};
  return std::ranges::any_of(started,
                             [&](const std::string& word) {
                               return word.ends_with(".sh") || word.find("entrypoint") != std::string::npos ||
                                      word.find("entry-point") != std::string::npos;
                             }) ||
         (!started.empty() &&
          std::ranges::find(kNames, text::base_name(started.front())) != std::end(kNames));
}

const FinalImage& final_image(lint::Dockerfile& dockerfile) {
  return dockerfile.shared<FinalImage>([&] { return find_final_image(dockerfile); });
}

std::optional<std::string> copied_program(lint::Dockerfile& dockerfile, const FinalImage& image,
                                          std::string_view program) {
  if (auto text = program_in_heredoc(image, program)) return text;
  const lint::BuildContext* context = dockerfile.build_context();
  const std::string_view name = text::base_name(program);
  if (context == nullptr) return std::nullopt;
  for (const Instruction* one : image.instructions) {
    const bool copies = one->keyword == Keyword::kCopy || one->keyword == Keyword::kAdd;
    if (!copies || one->find_flag("from") != nullptr || one->arguments.size() < 2) continue;
    const bool renamed = text::base_name(unquoted(one->arguments.back().text)) == name;
    for (const dockerfile::Word& source : one->arguments.first(one->arguments.size() - 1)) {
      const std::string path = text::clean_path("/" + std::string(unquoted(source.text))).substr(1);
      if (!renamed && text::base_name(path) != name) continue;
      const context::Record* record = context->files.find(path);
      if (record == nullptr || record->type != context::Type::kFile) continue;
      if (auto text = context->read(path)) return std::move(*text);
    }
  }
  return program_in_folder(dockerfile, image, program);
}

}  // namespace dcache::rules
