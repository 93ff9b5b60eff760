#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cdctl/code_review.hpp>
#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/json.hpp>
#include <cdctl/rest.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

namespace cdctl::launchpad {

/// Where the web service is that a repository's host belongs to: of `git.launchpad.net`
/// `https://api.launchpad.net/devel`. `lp:` is Launchpad itself.
[[nodiscard]] std::string api_of(const ServedRepository& repository);

/// The parameters of an operation. Launchpad reads each as JSON where it is JSON, so that a text is
/// sent as that: a comment that says 12 is no number.
using Parameters = std::vector<std::pair<std::string, Json>>;

/// An entry's path with an operation that only reads.
[[nodiscard]] std::string asking(std::string_view path, std::string_view operation,
                                 const Parameters& parameters = {});

/// Launchpad's web service as one token sees it. What it names are links; a path here is what
/// follows the API's address in one.
class WebService {
 public:
  WebService(Host& host, ForgeAccess access, std::string authorization);

  [[nodiscard]] Host& host() const { return host_; }
  [[nodiscard]] const ForgeAccess& access() const { return access_; }

  /// The path of a link. Exit code `unknown` for one that is missing, or of another server: it
  /// would be given our token.
  [[nodiscard]] Result<std::string> path_of(const Json& link) const;

  [[nodiscard]] Result<Json> get(const std::string& path, const Deadline& deadline);
  [[nodiscard]] std::vector<Result<Json>> get_all(std::span<const std::string> paths,
                                                  const Deadline& deadline);
  /// The entries of collections, all pages of each. A collection is whole, or an error.
  [[nodiscard]] std::vector<Result<Json::Array>> collections(std::span<const std::string> paths,
                                                             const Deadline& deadline);
  [[nodiscard]] Result<Json::Array> collection(const std::string& path, const Deadline& deadline);

  /// Does something; answers where what was made is, if anything was. `repeatable`: twice is as
  /// good as once. The error of what Launchpad has decided has exit code `refused`.
  [[nodiscard]] Result<std::string> post(const std::string& path, std::string_view operation,
                                         const Parameters& parameters, bool repeatable,
                                         const Deadline& deadline);
  /// The name of who the token is.
  [[nodiscard]] Result<std::string> me(const Deadline& deadline);

 private:
  [[nodiscard]] Result<Json::Array> follow(Json page, const Deadline& deadline);
  [[nodiscard]] Error refusal(std::string_view operation, const std::string& path, int status,
                              std::string_view said,
                              const std::map<std::string, std::string>& headers) const;

  Host& host_;
  ForgeAccess access_;
  std::string authorization_, me_;
  Rest rest_;
};

/// Those of the targets, each made once.
class WebServices {
 public:
  explicit WebServices(Host& host) : host_(host) {}
  [[nodiscard]] Result<WebService*> of(const TargetConfig& target);

 private:
  Host& host_;
  std::map<std::string, std::unique_ptr<WebService>> all_;
};

/// The last part of a link of a person or team, without the tilde: `alice`.
[[nodiscard]] std::string name_in(std::string_view link);

}  // namespace cdctl::launchpad
