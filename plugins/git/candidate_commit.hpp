#pragma once

#include <string>

#include <cdctl/error.hpp>
#include <cdctl/roles/repository.hpp>
#include <cdctl/time.hpp>

#include "plugins/git/workshop.hpp"

namespace cdctl::git {

/// What a proposal becomes on `base`: by the request's method one commit or several, of which
/// `commit` is the last. Nobody's work tree is needed, and no line of the proposal runs. The same
/// request gives the same commits anywhere.
///
/// `merged` when the base has its changes already: landed by cdctl, by hand, or one by one.
[[nodiscard]] Result<MergeAnswer> make_candidate(const Workshop& workshop,
                                                 const MergeRequest& request,
                                                 const std::string& base, const Deadline& deadline);

/// Whether a commit is what make_candidate() makes of a head, on top of `base` or of further
/// candidates on it, with this tree. Exit code `refused` when it is not: a lease alone would let a
/// target be set back.
[[nodiscard]] Result<> check_candidate(const Workshop& workshop, const LandRequest& request,
                                       MergeMethod method, const Deadline& deadline);

}  // namespace cdctl::git
