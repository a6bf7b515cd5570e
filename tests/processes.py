"""Real processes for race tests: forked, each with database connections of its own."""

import multiprocessing
import traceback
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from flask import Flask

from portal.db import db

FORK = multiprocessing.get_context("fork")


class ChildFailed(AssertionError):
    """A child process ended with an exception; the text is its traceback."""


def start(app: Flask, function: Callable[..., Any], *arguments: Any) -> "Child":
    """Run `function(*arguments)` in a new process, in an application context."""
    return Child(app, function, arguments)


class Child:
    """A process that was started, and what it answers."""

    def __init__(
        self, app: Flask, function: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> None:
        self.inlet, outlet = FORK.Pipe(duplex=False)
        self.process: BaseProcess = FORK.Process(
            target=_child, args=(app, function, arguments, outlet), daemon=True
        )
        with warnings.catch_warnings():
            # Newer Pythons warn of threads beside a fork; here they are the mail server's.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.process.start()
        outlet.close()

    def result(self, timeout: float = 60) -> Any:
        """What the function returned. Raises `ChildFailed`."""
        if not self.inlet.poll(timeout):
            self.process.kill()
            raise ChildFailed(f"no answer in {timeout} s")
        try:
            good, value = self.inlet.recv()
        except EOFError as error:
            self.process.join(5)
            raise ChildFailed(f"ended by {self.process.exitcode}") from error
        finally:
            self.process.join(5)
        if not good:
            raise ChildFailed(value)
        return value

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.join(5)
        self.inlet.close()


def together(
    app: Flask, count: int, function: Callable[..., Any], *arguments: Any, timeout: float = 60
) -> list[Any]:
    """Run `function(index, *arguments)` in so many processes at once; their results."""
    return results([start(app, function, index, *arguments) for index in range(count)], timeout)


def results(children: Sequence[Child], timeout: float = 60) -> list[Any]:
    """What all of them returned. Raises `ChildFailed`, and then none goes on: it would meddle with
    the next test."""
    try:
        return [child.result(timeout) for child in children]
    finally:
        for child in children:
            child.kill()


def _child(
    app: Flask, function: Callable[..., Any], arguments: tuple[Any, ...], outlet: Connection
) -> None:
    try:
        with app.app_context():
            db.session.remove()
            # The parent's connections are left alone: closing them here would end them there.
            db.engine.dispose(close=False)
            value = function(*arguments)
        outlet.send((True, value))
    except BaseException:
        outlet.send((False, traceback.format_exc()))
    finally:
        outlet.close()
