#include "plugins/bzr/bzr_source.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/parallel.hpp>
#include <cdctl/source.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/bzr/brz_command.hpp"
#include "plugins/bzr/bzr_address.hpp"
#include "plugins/bzr/local_branch.hpp"

namespace cdctl::bzr {

namespace fs = std::filesystem;

namespace {

SourceState state_of(const SourceConfig& source, Revision revision) {
  return {"bzr", source.url, std::move(revision.id), revision.number};
}

Result<Address> address_of(const SourceConfig& source, const fs::path& base) {
  auto address = parse_address(source.url, base);
  if (!address)
    return fail(address.error().in(fmt::format("source {} of {}", source.name, source.service)));
  return address;
}

Error in_place(const Error& error, std::string_view doing, const SourceConfig& source,
               const Address& address) {
  return error.in(fmt::format("{} {} of {} from {}", doing, source.name, source.service,
                              shown_address(address.url)));
}

Result<> make_checkout(const Address& address, std::string_view revision, const fs::path& into,
                       const Deadline& deadline) {
  CDCTL_TRY(
      brz_output({{"checkout", "--lightweight", "--quiet",
                   "--revision=revid:" + std::string(revision), "--", address.url, into.string()},
                  deadline}));
  CDCTL_TRY_ASSIGN(const auto found, read_tree_revision(into));
  if (found != revision)
    return fail(
        fmt::format("the checkout stands at {}, not at {}", printable(found, 120), revision));
  return {};
}

Result<> check_out(const SourceConfig& source, std::string_view revision, const fs::path& into,
                   const fs::path& base, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto address, address_of(source, base));
  if (!valid_revision_id(revision)) {
    return fail(ExitCode::usage, fmt::format("checking out {} of {}: '{}' is not a revision-id",
                                             source.name, source.service, printable(revision, 80)));
  }
  auto made = make_checkout(address, revision, into, deadline);
  if (made) return {};
  (void)remove_tree(into);
  return fail(in_place(made.error(), "checking out", source, address));
}

}  // namespace

std::vector<Result<SourceState>> BzrSource::do_newest(std::span<const SourceConfig> sources,
                                                      const Deadline& deadline) {
  std::vector<Result<Address>> addresses;
  std::vector<std::optional<Result<Revision>>> answers(sources.size());
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    addresses.push_back(address_of(sources[i], base()));
    if (!addresses[i]) continue;
    if (addresses[i]->local) {
      auto tip = read_tip(addresses[i]->url);
      if (!tip)
        answers[i] = fail(std::move(tip.error()));
      else if (*tip)
        answers[i] = std::move(**tip);
    }
    if (!answers[i]) left.push_back(i);
  }
  in_parallel(left.size(), [&](std::size_t k) {
    answers[left[k]] = ask_brz(*addresses[left[k]], {}, deadline);
  });
  std::vector<Result<SourceState>> out;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!addresses[i])
      out.push_back(fail(addresses[i].error()));
    else if (!*answers[i])
      out.push_back(fail(in_place(answers[i]->error(), "reading", sources[i], *addresses[i])
                             .because(Reason::of_source)));
    else
      out.push_back(state_of(sources[i], std::move(**answers[i])));
  }
  return out;
}

Result<SourceState> BzrSource::do_resolve(const SourceConfig& source, std::string_view revision,
                                          const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto address, address_of(source, base()));
  CDCTL_TRY_ASSIGN(const auto spec, revision_spec(revision));
  if (address.local) {
    auto tip = read_tip(address.url);
    if (!tip) return fail(in_place(tip.error(), "reading", source, address));
    if (*tip && (spec == "revid:" + (*tip)->id || spec == fmt::format("revno:{}", *(*tip)->number)))
      return state_of(source, std::move(**tip));
  }
  auto found = ask_brz(address, spec, deadline);
  if (found) return state_of(source, std::move(*found));
  return fail(in_place(found.error(),
                       fmt::format("reading revision {} of", printable(revision, 80)), source,
                       address));
}

Result<> BzrSource::do_checkout(const SourceConfig& source, std::string_view revision,
                                const fs::path& into, const Deadline& deadline) {
  return check_out(source, revision, into, base(), deadline);
}

std::vector<Result<>> BzrSource::do_checkout_all(std::span<const CheckoutRequest> requests,
                                                 const Deadline& deadline) {
  std::vector<Result<>> out(requests.size());
  const auto from = base();
  in_parallel(requests.size(), [&](std::size_t i) {
    out[i] = check_out(requests[i].source, requests[i].revision, requests[i].into, from, deadline);
  });
  return out;
}

}  // namespace cdctl::bzr
