/** One token of preprocessed C and the header it came from. */
record CToken(String text, String header) {

    boolean is(String other) {
        return text.equals(other);
    }

    boolean isWord() {
        char c = text.charAt(0);
        return Character.isLetter(c) || c == '_';
    }
}
