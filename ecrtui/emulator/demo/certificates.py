"""The certificates of the demo, made once: a fixed certificate gives fixed digests. Their keys are thrown away."""

from __future__ import annotations

RELEASE = (
    "MIIB5zCCAY2gAwIBAgICEmcwCgYIKoZIzj0EAwIwPDELMAkGA1UEBhMCREUxEDAOBgNVBAoMB0V4YW1wbGUxGzAZBgNVBAMMEkV4"
    "YW1wbGUgU2lnbmluZyBDQTAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDEwMDAwMDBaMEYxCzAJBgNVBAYTAkRFMRAwDgYDVQQKDAdF"
    "eGFtcGxlMRAwDgYDVQQLDAdSZWxlYXNlMRMwEQYDVQQDDApjaS1yZWxlYXNlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEL1UG"
    "xhcxwV8iFozERV0XHk3nR84npH4iijchUhZ1JYqNAqGI0oMVF+swWxJKFCRRcM5/yr2Mh9sZ669pF3oe3aN1MHMwDAYDVR0TAQH/"
    "BAIwADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwMwHQYDVR0OBBYEFLfdr0L40QEh5Z9qswOmrBiR0AXfMB8G"
    "A1UdIwQYMBaAFEELW7GPG3pw8U1VZL1n4Y16fUMtMAoGCCqGSM49BAMCA0gAMEUCIBxP9Yanjg5Gvam62JCqphQxzEbc4yU93peX"
    "9oqunWFOAiEAkqHs0nKoTEjrBkzw+LVEnp1dO51E3xntnZ6R6aRq0ts="
)
"""The signer ``CN=ci-release`` of Notation, issued by :data:`AUTHORITY`. DER as base64."""

AUTHORITY = (
    "MIIBzjCCAXOgAwIBAgIUMzhB0Cy4WjURNp37eMsy4o8jaZwwCgYIKoZIzj0EAwIwPDELMAkGA1UEBhMCREUxEDAOBgNVBAoMB0V4"
    "YW1wbGUxGzAZBgNVBAMMEkV4YW1wbGUgU2lnbmluZyBDQTAeFw0yNjExMjcxMzQ4MzNaFw0zNjExMjQxMzQ4MzNaMDwxCzAJBgNV"
    "BAYTAkRFMRAwDgYDVQQKDAdFeGFtcGxlMRswGQYDVQQDDBJFeGFtcGxlIFNpZ25pbmcgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMB"
    "BwNCAATF6aZBSBtSAwU57LI8PuMHGat2FvwCy3ATzji+DeyiGXyjAL+pcGGMYaQ5wJHyF0zziaymNys1QP+WO8amsBhBo1MwUTAd"
    "BgNVHQ4EFgQUQQtbsY8benDxTVVkvWfhjXp9Qy0wHwYDVR0jBBgwFoAUQQtbsY8benDxTVVkvWfhjXp9Qy0wDwYDVR0TAQH/BAUw"
    "AwEB/zAKBggqhkjOPQQDAgNJADBGAiEAmM7GIWyvDNVObnYQU51jFaLmGe8t48+LXuL7zAwDM3UCIQDnV2fzgN/H+iFr8zKjEdB0"
    "arXcneCyoLIAjWh+GDwqvg=="
)
"""The issuer of :data:`RELEASE`. DER as base64."""

WORKFLOW = (
    "MIICMDCCAdWgAwIBAgICEmgwCgYIKoZIzj0EAwIwPzEdMBsGA1UECgwUc2lnc3RvcmUuZXhhbXBsZS5jb20xHjAcBgNVBAMMFXNp"
    "Z3N0b3JlLWludGVybWVkaWF0ZTAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDEwMDAwMDBaMAAwWTATBgcqhkjOPQIBBggqhkjOPQMB"
    "BwNCAAQxw0rlp9PxXT6nFM6sbOhR4EvSg4dYLkb8zC2Ee21Cy8rBvs29ROAX43xaNU8IaAo+TSi5Q1lskSYyEbJ36ffgo4H/MIH8"
    "MA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDAzBUBgNVHREBAf8ESjBIhkZodHRwczovL2dpdC5leGFtcGxlLmNv"
    "bS90ZWFtL2NoZWNrb3V0Ly5jaS9yZWxlYXNlLnlhbWxAcmVmcy9oZWFkcy9tYWluMBEGCisGAQQBg78wAQEEAwwBeDAsBgorBgEE"
    "AYO/MAEIBB4MHGh0dHBzOi8vZ2l0LmV4YW1wbGUuY29tL29pZGMwHQYDVR0OBBYEFFDnLLzOTBeYN7PpTrKzMVICbSHaMB8GA1Ud"
    "IwQYMBaAFEELW7GPG3pw8U1VZL1n4Y16fUMtMAoGCCqGSM49BAMCA0kAMEYCIQDkliMnkhctqQF/j3JE9MnaZYPD3NYrt20myL5u"
    "DGep9gIhAN3q4AkVaKv+aq2OJlBBCZON4NaCGFF1urvoNwA7Mup9"
)
"""A signer of cosign without a key of its own: the URI of a workflow, as Fulcio writes it. DER as base64."""


def pem(certificate: str) -> str:
    """Return a certificate as PEM."""
    lines = [certificate[start : start + 64] for start in range(0, len(certificate), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])
