/** One undertaking for everyone who wants the same thing: it ends early only when the last of them has left. */

export type Flights<T> = {
  /**
   * Joins the flight under a key, or starts one. When the signal is aborted, rejects with its reason: at once while
   * others are aboard, and for the last one when the flight, which then ends too, has put its things away.
   */
  join(key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<T>): Promise<T>
}

type Flight<T> = { readonly landed: Promise<T>; readonly end: AbortController; aboard: number }

export function createFlights<T>(): Flights<T> {
  const flights = new Map<string, Flight<T>>()

  function take(key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const end = new AbortController()
    const landed = start(end.signal).finally(() => {
      if (flights.get(key) === flight) flights.delete(key)
    })
    const flight: Flight<T> = { landed, end, aboard: 0 }
    flights.set(key, flight)
    return flight
  }

  return {
    join(key, signal, start) {
      if (signal.aborted) return Promise.reject(signal.reason as Error)
      const flight = flights.get(key) ?? take(key, start)
      flight.aboard++
      return new Promise((resolve, reject) => {
        const leave = () => {
          const gone = () => reject(signal.reason as Error)
          if (--flight.aboard > 0) return gone()
          // whoever comes next must not join a flight that is going down
          if (flights.get(key) === flight) flights.delete(key)
          flight.end.abort(signal.reason)
          flight.landed.then(gone, gone)
        }
        signal.addEventListener('abort', leave, { once: true })
        flight.landed
          .finally(() => signal.removeEventListener('abort', leave))
          .then(resolve, (error: Error) => reject(signal.aborted ? (signal.reason as Error) : error))
      })
    },
  }
}
