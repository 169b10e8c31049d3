/** One undertaking for everyone who wants the same thing: it ends early only when the last of them has left. */

export type Flights<T> = {
  /**
   * Joins the flight under a key, or starts one. When the signal is aborted, rejects with its reason: at once while
   * others are aboard, and for the last one when the flight, which then ends too, has put its things away. Once `start` has
   * called `lands`, nothing ends the flight any more, and whoever comes may still join it.
   */
  join(key: string, signal: AbortSignal, start: Start<T>): Promise<T>
}

export type Start<T> = (signal: AbortSignal, lands: () => void) => Promise<T>

type Flight<T> = { readonly landed: Promise<T>; readonly end: AbortController; aboard: number; isLanding(): boolean }

export function createFlights<T>(): Flights<T> {
  const flights = new Map<string, Flight<T>>()

  function take(key: string, start: Start<T>): Flight<T> {
    const end = new AbortController()
    let isLanding = false
    const landed = start(end.signal, () => (isLanding = true)).finally(() => {
      if (flights.get(key) === flight) flights.delete(key)
    })
    const flight: Flight<T> = { landed, end, aboard: 0, isLanding: () => isLanding }
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
          if (--flight.aboard > 0 || flight.isLanding()) return gone()
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
