#!/usr/bin/env escript
%% One load of the runtime bench in Erlang; prints CPU nanoseconds per operation.
%% Schedulers do not busy-wait, or their spinning would be counted as work.
%%! +S 1 +sbwt none +sbwtdcpu none +sbwtdio none
-mode(compile).

main([Load, Count]) ->
    N = list_to_integer(Count),
    run(Load, N div 10),
    {Before, _} = statistics(runtime),
    run(Load, N),
    {After, _} = statistics(runtime),
    io:format("~p~n", [(After - Before) * 1000000 / N]).

run("flood", N) ->
    Self = self(),
    Pid = spawn(fun() -> count(N, Self) end),
    flood(Pid, N),
    receive done -> ok end;
run("ping-pong", N) ->
    Pong = spawn(fun pong/0),
    ping(Pong, N div 2),
    Pong ! stop;
run("ask", N) ->
    Server = spawn(fun server/0),
    ask(Server, N),
    Server ! stop;
run("lock", N) ->
    Lock = spawn(fun lock/0),
    locked(Lock, N),
    Lock ! stop.

flood(_, 0) -> ok;
flood(Pid, N) -> Pid ! {note, N}, flood(Pid, N - 1).

count(0, Parent) -> Parent ! done;
count(N, Parent) -> receive {note, _} -> count(N - 1, Parent) end.

ping(_, 0) -> ok;
ping(Pong, N) -> Pong ! {ping, self()}, receive pong -> ping(Pong, N - 1) end.

pong() -> receive {ping, From} -> From ! pong, pong(); stop -> ok end.

ask(_, 0) -> ok;
ask(Server, N) ->
    Ref = make_ref(),
    Server ! {add, self(), Ref, N},
    receive {Ref, _} -> ask(Server, N - 1) end.

server() -> receive {add, From, Ref, N} -> From ! {Ref, N + 1}, server(); stop -> ok end.

locked(_, 0) -> ok;
locked(Lock, N) ->
    Lock ! {acquire, self()},
    receive granted -> ok end,
    Lock ! release,
    locked(Lock, N - 1).

lock() ->
    receive
        {acquire, From} -> From ! granted, receive release -> lock() end;
        stop -> ok
    end.
