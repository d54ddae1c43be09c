"""The connection: configuration, sign-in, the answer of the registry, and what the caller may do."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from ecrtui.diagnostics.report import Check, Question, ReportSection, Status
from ecrtui.ecr.permissions import PERMISSIONS, Permission, Purpose, permissions_for
from ecrtui.ecr.profile import Profile, SignInState
from ecrtui.ecr.units import format_date, format_duration
from ecrtui.errors import AccessDenied
from ecrtui.registry.diagnosis import Diagnosis, RegistryAnswer
from ecrtui.registry.permission_probes import Access, ProbeResult, ProbeTarget

CLOCK_WARNING, CLOCK_LIMIT = 60, 300
"""Seconds of difference to the clock of AWS: the first is unusual, and AWS refuses a request above the second."""

_SIGN_IN_STATUS = {
    SignInState.EXPIRED: Status.WARNING,
    SignInState.SIGNED_OUT: Status.WARNING,
    SignInState.UNUSABLE: Status.WARNING,
    SignInState.NEEDS_CODE: Status.WARNING,
    SignInState.UNKNOWN: Status.UNKNOWN,
}


def connection_questions(diagnosis: Diagnosis, registry: RegistryCheck) -> Sequence[Question]:
    """Return the questions about the configuration, the sign-in and the registry."""
    return [
        Question("AWS configuration", "configuration", partial(_configuration, diagnosis)),
        Question("Sign-in", "profile", partial(_sign_in, diagnosis)),
        Question("Sign-in", "credentials", partial(_credentials, diagnosis)),
        Question("Sign-in", "caller", partial(_identity, diagnosis)),
        Question("Registry", "registry", registry.checks),
    ]


def _configuration(diagnosis: Diagnosis) -> Iterator[Check]:
    """Yield what decides where requests go."""
    for name, value, source in diagnosis.configuration():
        yield Check(name, value, source=source)


def _sign_in(diagnosis: Diagnosis) -> Iterator[Check]:
    """Yield what the files say about the sign-in of the profile. Nothing is sent."""
    profile = diagnosis.profile()
    if profile is not None:
        yield Check("kind of the profile", _kind(profile))
        yield Check(
            "sign-in, from the files",
            profile.problem or _state(profile),
            _SIGN_IN_STATUS.get(profile.state, Status.OK),
        )


def _kind(profile: Profile) -> str:
    via = f", with credentials of {' and '.join(profile.via)}" if profile.via else ""
    return f"{profile.kind.value}{via}"


def _state(profile: Profile) -> str:
    until = f" until {format_date(profile.until.timestamp())}" if profile.until else ""
    return f"{profile.state.value}{until}"


def _credentials(diagnosis: Diagnosis) -> Iterator[Check]:
    """Yield where the credentials come from and when they expire."""
    found = diagnosis.credentials()
    yield Check("credentials", found.source or "none needed")
    if found.expires_at is not None:
        left = found.expires_at - time.time()
        yield Check("credentials expire", f"{format_date(found.expires_at)}, in {format_duration(max(left, 0))}")


def _identity(diagnosis: Diagnosis) -> Iterator[Check]:
    """Yield who the caller is."""
    arn = diagnosis.identity()
    yield Check("caller", arn) if arn else Check("caller", "STS did not answer", Status.UNKNOWN)


class RegistryCheck:
    """Asks the registry once, and keeps its answer."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        self._diagnosis = diagnosis
        self._answer: RegistryAnswer | None = None
        self.reached = False
        """Whether the registry has answered. A denied call is an answer."""

    def subject(self, repository: str) -> ProbeTarget:
        """Return what to ask permissions for: the named repository, or one that the registry listed."""
        return self._diagnosis.subject(repository, self._answer)

    def checks(self) -> Iterator[Check]:
        """Yield how the registry answers.

        Raises:
            EcrTuiError: it does not answer, or denies the call.
        """
        try:
            self._answer = answer = self._diagnosis.answer()
        except AccessDenied:
            self.reached = True
            raise
        self.reached = True
        yield Check("answer", f"after {answer.seconds:.2f} seconds")
        yield clock_check(answer.clock)


def clock_check(difference: float | None) -> Check:
    """Return how much the clock of this machine differs from that of the registry.

    Args:
        difference: seconds by which the clock of the registry is ahead; None if it is not known.
    """
    name = "clock of this machine"
    if difference is None:
        return Check(name, "the registry does not send its time", Status.UNKNOWN)
    if abs(difference) < 2:  # the header has whole seconds
        return Check(name, "agrees with that of the registry")
    behind = "behind" if difference > 0 else "ahead of"
    status = Status.OK if abs(difference) < CLOCK_WARNING else Status.WARNING
    hint = (
        f"Set the clock. AWS refuses requests from {CLOCK_LIMIT // 60} minutes on." if status is not Status.OK else ""
    )
    return Check(name, f"{format_duration(abs(difference))} {behind} that of the registry", status, hint=hint)


def permission_questions(
    diagnosis: Diagnosis, subject: ProbeTarget, answers: dict[Permission, ProbeResult], *, read_only: bool
) -> Sequence[Question]:
    """Return a question for each permission.

    Args:
        diagnosis: the connection.
        subject: what to ask about.
        answers: gets the answers.
        read_only: whether to ask for no permission to write.
    """

    def ask(permission: Permission) -> Iterable[Check]:
        if read_only and permission.writes:
            answer = ProbeResult(Access.UNKNOWN, "not asked, because the settings are read-only")
        else:
            answer = diagnosis.permission(permission, subject)
        answers[permission] = answer
        return [_permission_check(permission, answer)]

    place = f"Permissions on {subject.repository}" if subject.repository else "Permissions"
    return [Question(place, permission.action, partial(ask, permission)) for permission in PERMISSIONS]


def _permission_check(permission: Permission, answer: ProbeResult) -> Check:
    purposes = ", ".join(purpose for purpose in Purpose if purpose in permission.purposes)
    use = f"to {permission.use}"
    if answer.access is Access.ALLOWED:
        return Check(permission.action, f"allowed: {use}", source=purposes)
    if answer.access is Access.DENIED:
        return Check(permission.action, f"denied: {use}. {answer.reason}", Status.WARNING, purposes, answer.hint)
    return Check(permission.action, f"{use}: {answer.reason}", Status.UNKNOWN, purposes, answer.hint)


def summary(answers: Mapping[Permission, ProbeResult]) -> ReportSection:
    """Return what the caller may do, from the answers that came."""
    return ReportSection("What you may do", tuple(_may(purpose, answers) for purpose in Purpose))


def _may(purpose: Purpose, answers: Mapping[Permission, ProbeResult]) -> Check:
    needed = [permission for permission in permissions_for(purpose) if purpose not in permission.optional]
    access = {permission.action: answers.get(permission, ProbeResult(Access.UNKNOWN)).access for permission in needed}
    denied = [action for action, found in access.items() if found is Access.DENIED]
    unknown = [action for action, found in access.items() if found is Access.UNKNOWN]
    if denied:
        hint = f"Ask for the policy that ecrtui doctor --policy {purpose} prints."
        value = f"no: {', '.join(denied)} denied"
        if purpose is Purpose.BROWSE:
            error = AccessDenied("You may not browse this registry", value, hint)
            return Check(purpose, value, Status.FAILED, hint=hint, error=error)
        return Check(purpose, value, Status.WARNING, hint=hint)
    if unknown:
        return Check(purpose, f"not known: no answer for {', '.join(unknown)}", Status.UNKNOWN)
    return Check(purpose, "yes")
