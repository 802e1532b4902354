// What the rules about installs of several package managers have in common; what differs is data.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "dcache/lint/rule.h"
#include "rules/calls.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// Whether a package that a RUN installs needs no version.
using NeedsNoVersion = std::function<bool(const lint::Run& run, const shell::Word& package)>;

// What else than a missing version is wrong with the packages of a RUN; nothing if it is that.
using OtherComplaint = std::function<std::optional<Complaint>(std::span<const shell::Word* const> packages)>;

// Reports each RUN in which one of the pins' programs installs something without naming its version.
void report_unpinned(lint::Dockerfile& dockerfile, lint::Reporter& reporter, std::span<const Pin> pins,
                     const NeedsNoVersion& needs_none = {}, const OtherComplaint& other = {});
// The same with the pins of a package manager.
void report_unpinned(lint::Dockerfile& dockerfile, lint::Reporter& reporter, std::string_view manager,
                     const NeedsNoVersion& needs_none = {});

// Reports each RUN in which it would stop to ask.
void report_unconfirmed(lint::Dockerfile& dockerfile, lint::Reporter& reporter, std::string_view manager);
void report_unconfirmed(lint::Dockerfile& dockerfile, lint::Reporter& reporter, const Confirmation& confirms);

// Whether an `rm` of the RUN removes one of the folders, or one around it.
bool removes_around(const lint::Run& run, Words folders);

// Reports each RUN in which what it downloaded stays in the layer.
void report_uncleaned(lint::Dockerfile& dockerfile, lint::Reporter& reporter, std::string_view manager);

}  // namespace dcache::rules
