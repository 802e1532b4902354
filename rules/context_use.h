// What all images that are built with a context read of it. An ignore file is for all of them, whatever
// Dockerfile is looked at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

// Of a Dockerfile and, as far as the repository is known, of the others with its context. The repository is
// looked at when something is first asked for.
class ContextUse {
 public:
  struct Others;  // what the context keeps of the others

  ContextUse(lint::Dockerfile& dockerfile, const lint::BuildContext& context)
      : dockerfile_(dockerfile), context_(context) {}

  // Whether a step names the file or folder, or something in it, and does not only copy everything.
  bool names(std::string_view path) const;
  // Whether an instruction has the name in its text, as a word or a part of a path.
  bool mentions(std::string_view name) const;
  // Whether a step may read the history of the repository. A tracked file that the context lacks counts as
  // deleted then: the state of the work tree changes if one is ignored.
  bool reads_git() const;
  // What needless_names() says of all those that copy the whole context, and no other names; nothing where
  // the history is read.
  std::vector<std::string> needless_names() const;
  // Whether the repository has this Dockerfile as it is: then the answers are the same for all of them.
  bool is_of_context() const;

 private:
  // Asked for once: BuildContext::shared() can't be asked while it makes something.
  const Others& others() const;

  lint::Dockerfile& dockerfile_;
  const lint::BuildContext& context_;
  mutable const Others* others_ = nullptr;
};

}  // namespace dcache::rules
