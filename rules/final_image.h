// What comes of a Dockerfile when nobody names a target: the last stage with all that it starts from.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

struct FinalImage {
  const dockerfile::Instruction* from = nullptr;        // of the last stage; null if the file has none
  std::string base;                                     // the image that it all starts from: see image_of()
  bool base_is_built = false;                           // another build of the repository makes that
  const dockerfile::Instruction* user = nullptr;        // the last of each; null where the base image decides
  const dockerfile::Instruction* command = nullptr;     // CMD
  const dockerfile::Instruction* entrypoint = nullptr;  // ENTRYPOINT
  std::vector<std::string> started;                     // the words of ENTRYPOINT and CMD, in that order
  std::vector<const dockerfile::Instruction*> instructions;  // of all its stages, in the order they apply
  std::vector<const lint::Run*> runs;                        // those among them

  // What says what a container starts: ENTRYPOINT, or else CMD; null where the base image does.
  const dockerfile::Instruction* starter() const { return entrypoint != nullptr ? entrypoint : command; }
  // Whether one of the words is a program of that name, in whatever folder.
  bool starts(std::string_view program) const;
  // Whether it starts a script of the project's own, which can do anything before the program.
  bool starts_script() const;
};

const FinalImage& final_image(lint::Dockerfile& dockerfile);

// The text of the file of the context, or of the heredoc, that a COPY copies to the program, by its name or
// in a folder; nothing if that is not known.
std::optional<std::string> copied_program(lint::Dockerfile& dockerfile, const FinalImage& image,
                                          std::string_view program);

}  // namespace dcache::rules
